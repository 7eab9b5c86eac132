import { mkdir, open } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";

/**
 * A small set of named files that survive a power cut: what reader and terminal must never forget.
 * Whatever a promise has resolved for is on the disk; a crash before that leaves the old content.
 */
export interface DurableFiles extends AsyncDisposable {
  /** Replaces the whole file. The content is never half old, half new. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * As `write`, and what the file held before can not be read from the directory any more, also
   * after a power cut.
   */
  overwrite(name: string, bytes: Uint8Array): Promise<void>;
  /** Undefined when there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Names that begin with `prefix`, in alphabetical order. */
  list(prefix: string): Promise<readonly string[]>;
  /** Takes a file away; without effect when it is not there. */
  remove(name: string): Promise<void>;
}

/** The directory belongs to another process; `message` is meant for a person. */
export class DirectoryInUse extends Error {
  constructor(path: string) {
    super(`${path} is in use by another process: stop that one, or choose another directory`);
    this.name = "DirectoryInUse";
  }
}

/**
 * Files in the directory `path`, which is made when it is missing and locked until disposal.
 *
 * @throws DirectoryInUse when another process, or this one a second time, holds it.
 */
export async function directoryFiles(path: string): Promise<DurableFiles> {
  const directory = resolve(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await sync(dirname(directory));
  // Closed before SQLite opens it: to close any other handle of it ends the locks of the process.
  await (await open(join(directory, DATABASE_NAME), "a", FILE_MODE)).close();
  const database = openDatabase(directory);
  await sync(directory);
  return new DirectoryFiles(database, join(directory, `${DATABASE_NAME}-wal`));
}

/** @throws Error for a name that no file may have. */
export function requireFileName(name: string): void {
  if (!FILE_NAME.test(name)) throw new Error(`bug: file name "${name}" is not allowed`);
}

const FILE_NAME = /^[a-z0-9][a-z0-9-]{0,79}(?:\.(?:json|bin))?$/;
const DATABASE_NAME = "files.db";
/** Only the owner reads keys and journals. SQLite gives its log the same mode. */
const FILE_MODE = 0o600;

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
  CREATE TABLE IF NOT EXISTS file (
    name TEXT PRIMARY KEY,
    content BLOB NOT NULL
  ) STRICT, WITHOUT ROWID`;
/** Result codes of SQLite, sqlite.org/rescode.html. */
const SQLITE_BUSY = 5;

/**
 * One row per file. A call keeps the event loop until the disk has it, a fraction of a millisecond:
 * a device takes one payment at a time, and a thread for it would cost as much again.
 */
class DirectoryFiles implements DurableFiles {
  readonly #database: DatabaseSync;
  readonly #logPath: string;
  readonly #emptyLog: StatementSync;
  readonly #write: StatementSync;
  readonly #read: StatementSync;
  readonly #list: StatementSync;
  readonly #remove: StatementSync;

  constructor(database: DatabaseSync, logPath: string) {
    this.#database = database;
    this.#logPath = logPath;
    this.#emptyLog = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#write = database.prepare(`
      INSERT INTO file (name, content) VALUES (?, ?)
      ON CONFLICT (name) DO UPDATE SET content = excluded.content`);
    this.#read = database.prepare("SELECT content FROM file WHERE name = ?");
    this.#list = database.prepare("SELECT name FROM file ORDER BY name");
    this.#remove = database.prepare("DELETE FROM file WHERE name = ?");
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    requireFileName(name);
    this.#write.run(name, bytes);
  }

  async overwrite(name: string, bytes: Uint8Array): Promise<void> {
    requireFileName(name);
    this.#write.run(name, bytes);
    // Until it is emptied the log holds what was written before.
    const { busy } = this.#emptyLog.get() as { readonly busy: number };
    if (busy !== 0) throw new Error("bug: SQLite's log is in use, so it can not be emptied");
    // SQLite does not sync that: after a power cut the log would be back. No lock is on the log.
    await sync(this.#logPath);
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    requireFileName(name);
    const row = this.#read.get(name) as { readonly content: Uint8Array } | undefined;
    return row?.content;
  }

  async list(prefix: string): Promise<readonly string[]> {
    const rows = this.#list.all() as { readonly name: string }[];
    return rows.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  }

  async remove(name: string): Promise<void> {
    requireFileName(name);
    this.#remove.run(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
  }
}

/** @throws DirectoryInUse */
function openDatabase(directory: string): DatabaseSync {
  const database = new DatabaseSync(join(directory, DATABASE_NAME), { timeout: 0 });
  try {
    database.exec(SET_UP);
    return database;
  } catch (error) {
    database.close();
    throw isBusy(error) ? new DirectoryInUse(directory) : error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}

/** Makes durable how long a file is, or which files a directory has. */
async function sync(directory: string): Promise<void> {
  await using handle = await open(directory, "r");
  await handle.sync();
}
