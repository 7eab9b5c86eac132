import { hash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

/**
 * What may be missing from memory: nothing; whole files, the others being the newest; or anything,
 * since what is there may be of an earlier time.
 */
export type Memory = "whole" | "holes" | "older";

/**
 * With the write-ahead log a change is one append and one sync, where replacing a file of its own
 * safely takes two syncs and a rename: a third of the time (`bench/questions/durable-writes.ts`).
 * The lock is the operating system's: it ends with the process, however that ends.
 */
const SET_UP = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA secure_delete = ON;
  PRAGMA cell_size_check = ON;`;

/** A number for each file: a search can go past a damaged place to the next one. */
const SCHEMA = `
  CREATE TABLE stored (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    content BLOB NOT NULL,
    digest BLOB NOT NULL
  ) STRICT;
  CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    changes INTEGER NOT NULL,
    memory TEXT NOT NULL
  ) STRICT;
  INSERT INTO state VALUES (1, 0, 'whole');
  CREATE TRIGGER stored_insert AFTER INSERT ON stored
    BEGIN UPDATE state SET changes = changes + 1; END;
  CREATE TRIGGER stored_update AFTER UPDATE ON stored
    BEGIN UPDATE state SET changes = changes + 1; END;
  CREATE TRIGGER stored_delete AFTER DELETE ON stored
    BEGIN UPDATE state SET changes = changes + 1; END;`;

export const WRITE_FILE = `
  INSERT INTO stored (name, content, digest) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET content = excluded.content, digest = excluded.digest`;

/** Result codes of SQLite, sqlite.org/rescode.html. */
const SQLITE_BUSY = 5;
const DAMAGE_CODES = new Set([11 /* CORRUPT */, 26 /* NOTADB */]);
const READ_FAILURE_CODES = new Set([266 /* READ */, 522 /* SHORT_READ */, 8_458 /* CORRUPTFS */]);
const PRIMARY_CODE_MASK = 0xff;

/** The database has lost something; `message` says what SQLite found. */
class DatabaseDamaged extends Error {
  override readonly name = "DatabaseDamaged";
}

/** A database as it is on the disk, locked; whether it is whole is not known yet. */
export function openLocked(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec(SET_UP);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A database that is nowhere but in memory. */
export function inMemoryDatabase(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  database.exec(SCHEMA);
  return database;
}

/**
 * Looks at every page, and makes the tables of a database that has none.
 *
 * @throws DatabaseDamaged
 */
export function requireSound(database: DatabaseSync): void {
  const [found] = database.prepare("PRAGMA integrity_check(1)").all();
  const verdict = found?.integrity_check;
  if (verdict !== "ok") throw new DatabaseDamaged(`integrity check: ${String(verdict)}`);
  if (!hasTable(database, "stored")) makeTables(database);
  stateOf(database);
}

/** @throws DatabaseDamaged when the row is not there. */
export function stateOf(database: DatabaseSync): { changes: bigint; memory: Memory } {
  const row = database.prepare("SELECT changes, memory FROM state").get();
  if (typeof row?.changes !== "number" || !isMemory(row.memory)) {
    throw new DatabaseDamaged("the number of changes is not there");
  }
  return { changes: BigInt(row.changes), memory: row.memory };
}

/** What a file's row is recognized by: a sector of zeros within content is whole to SQLite. */
export function digestOf(name: string, content: Uint8Array): Uint8Array {
  const named = Buffer.concat([Buffer.from(`${name}\0`), content]);
  return hash("sha256", named, "buffer");
}

/** Whether SQLite could not make sense of what it read, or the disk could not read it. */
export function isDamage(error: unknown): boolean {
  if (error instanceof DatabaseDamaged) return true;
  const code = codeOf(error);
  return DAMAGE_CODES.has(code & PRIMARY_CODE_MASK) || READ_FAILURE_CODES.has(code);
}

export function isBusy(error: unknown): boolean {
  return (codeOf(error) & PRIMARY_CODE_MASK) === SQLITE_BUSY;
}

function codeOf(error: unknown): number {
  const isCoded = error instanceof Error && "errcode" in error;
  return isCoded && typeof error.errcode === "number" ? error.errcode : 0;
}

function isMemory(value: unknown): value is Memory {
  return value === "whole" || value === "holes" || value === "older";
}

function hasTable(database: DatabaseSync, name: string): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(name) !== undefined;
}

/** A database of an earlier cardlane has the files in a table without digests. */
function makeTables(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  database.exec(SCHEMA);
  if (hasTable(database, "file")) {
    const write = database.prepare(WRITE_FILE);
    for (const { name, content } of database.prepare("SELECT name, content FROM file").all()) {
      if (typeof name !== "string" || !(content instanceof Uint8Array)) continue;
      write.run(name, content, digestOf(name, content));
    }
    database.exec("DROP TABLE file");
  }
  database.exec("COMMIT");
}
