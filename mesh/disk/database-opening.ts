import { chmod, mkdtemp, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Log } from "../log.ts";
import { ChangeWitness } from "./change-witness.ts";
import {
  isBusy,
  isDamage,
  type Memory,
  openLocked,
  requireSound,
  stateOf,
} from "./file-database.ts";
import { salvage } from "./salvage.ts";

const DATABASE_NAME = "files.db";
const LOG_NAME = `${DATABASE_NAME}-wal`;
const SALVAGED_NAME = "files.db-salvaged";
const WITNESS_NAME = "files.changes";
const ASIDE_PREFIX = "damaged-";
/** Only the owner reads keys and journals. SQLite gives its log the same mode. */
const FILE_MODE = 0o600;

/** The directory belongs to another process; `message` is meant for a person. */
export class DirectoryInUse extends Error {
  override readonly name = "DirectoryInUse";

  constructor(path: string) {
    super(`${path} is in use by another process: stop that one, or choose another directory`);
  }
}

/** Read-only when the disk has no room to replace a damaged database. */
export interface OpenedDatabase {
  readonly database: DatabaseSync;
  readonly memory: Memory;
  readonly witness: ChangeWitness | undefined;
  readonly logPath: string;
}

interface Opening {
  readonly directory: string;
  readonly log: Log;
  /** A damaged database is kept for a person, or erased where it holds keys. */
  readonly damaged: "kept" | "erased";
}

/** @throws DirectoryInUse */
export async function openDatabase(opening: Opening): Promise<OpenedDatabase> {
  const { directory, log } = opening;
  const path = join(directory, DATABASE_NAME);
  // Closed before SQLite opens it: to close any other handle of it ends the locks of the process.
  await (await open(path, "a", FILE_MODE)).close();
  using stack = new DisposableStack();
  const witness = openWitness(opening);
  if (witness !== undefined) stack.use(witness);
  const witnessed = witness?.read();
  const database = await soundDatabase(opening, witnessed);
  stack.defer(() => database.close());
  const memory = rememberedState(database, witnessed, log);
  await testify(opening, witness, database);
  if (opening.damaged === "erased") await eraseLeftovers(opening);
  const logPath = join(directory, LOG_NAME);
  await finishErasing(database, logPath, log);
  stack.move();
  return { database, memory, witness, logPath };
}

/**
 * Makes what was replaced or taken away unreadable, also after a power cut: until it is emptied,
 * SQLite's log holds what was written before.
 */
export async function emptyLog(database: DatabaseSync, logPath: string): Promise<void> {
  const [found] = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
  if (found?.busy !== 0) throw new Error("bug: SQLite's log is in use, so it cannot be emptied");
  // SQLite does not sync that: after a power cut the log would be back. No lock is on the log.
  if (await exists(logPath)) await sync(logPath);
}

/** An earlier start may have been killed between a change and the emptying of the log. */
async function finishErasing(database: DatabaseSync, logPath: string, log: Log): Promise<void> {
  try {
    await emptyLog(database, logPath);
  } catch (error) {
    log.failure("the log of the database cannot be emptied: is the disk full?", error);
  }
}

/** Makes durable how long a file is, or which files a directory has. */
export async function sync(path: string): Promise<void> {
  await using handle = await open(path, "r");
  await handle.sync();
}

/** A full disk has no place for the witness of a new directory; what is there can be read. */
function openWitness({ directory, log }: Opening): ChangeWitness | undefined {
  try {
    return ChangeWitness.open(join(directory, WITNESS_NAME));
  } catch (error) {
    log.failure("the number of changes beside the database cannot be opened", error);
    return undefined;
  }
}

async function soundDatabase(
  opening: Opening,
  witnessed: bigint | undefined,
): Promise<DatabaseSync> {
  let locked: DatabaseSync | undefined;
  try {
    locked = openLocked(join(opening.directory, DATABASE_NAME));
    requireSound(locked);
    return locked;
  } catch (error) {
    if (!isDamage(error)) {
      locked?.close();
      throw isBusy(error) ? new DirectoryInUse(opening.directory) : error;
    }
    opening.log.failure("the database is damaged: what can be read of it is kept", error);
    const salvaged = salvage(locked, witnessed);
    locked?.close();
    return replaceDamaged(opening, salvaged);
  }
}

/** Every moment of this leaves a directory whose next start knows that something is lost. */
async function replaceDamaged(opening: Opening, salvaged: DatabaseSync): Promise<DatabaseSync> {
  const { directory, log } = opening;
  const at = (name: string) => join(directory, name);
  try {
    await rm(at(SALVAGED_NAME), { force: true });
    salvaged.prepare("VACUUM INTO ?").run(at(SALVAGED_NAME));
    await chmod(at(SALVAGED_NAME), FILE_MODE);
    await sync(at(SALVAGED_NAME));
    const aside = await mkdtemp(at(ASIDE_PREFIX));
    // The log first: beside the new database, SQLite would write the old changes into it.
    if (await exists(at(LOG_NAME))) await rename(at(LOG_NAME), join(aside, LOG_NAME));
    await rename(at(DATABASE_NAME), join(aside, DATABASE_NAME));
    await rename(at(SALVAGED_NAME), at(DATABASE_NAME));
    await sync(aside);
    await sync(directory);
    log.error(`the damaged database is put aside in ${basename(aside)}`);
    const replaced = openLocked(at(DATABASE_NAME));
    salvaged.close();
    return replaced;
  } catch (error) {
    log.failure("the damaged database cannot be replaced: until then nothing is written", error);
    salvaged.exec("PRAGMA query_only = ON");
    return salvaged;
  }
}

/** Also what an earlier start was killed over: PIN keys that were used must be gone. */
async function eraseLeftovers({ directory, log }: Opening): Promise<void> {
  const leftovers = (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(directory, join(parentPath, name)))
    .filter((name) => name === SALVAGED_NAME || name.startsWith(ASIDE_PREFIX));
  if (leftovers.length === 0) return;
  for (const name of leftovers) {
    await zeroContent(join(directory, name)).catch((error) =>
      log.failure("a file that held keys cannot be overwritten before it is removed", error),
    );
    await rm(join(directory, name));
    const folder = dirname(join(directory, name));
    if (folder !== directory) await rmdir(folder).catch(unlessNotEmpty);
  }
  await sync(directory);
  log.error("what was damaged is erased, since it held keys");
}

function unlessNotEmpty(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOTEMPTY")) throw error;
}

async function zeroContent(path: string): Promise<void> {
  await using handle = await open(path, "r+");
  const { size } = await handle.stat();
  await handle.write(Buffer.alloc(size), 0, size, 0);
  await handle.sync();
}

async function exists(path: string): Promise<boolean> {
  try {
    await using _handle = await open(path, "r");
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

/** A database with fewer changes than were witnessed shows an earlier time. */
function rememberedState(database: DatabaseSync, witnessed: bigint | undefined, log: Log): Memory {
  const { changes, memory } = stateOf(database);
  if (witnessed === undefined || changes >= witnessed) return memory;
  log.error("the database has lost its newest changes", { count: witnessed - changes });
  try {
    const update = "UPDATE state SET changes = ?, memory = 'older'";
    database.prepare(update).run(witnessed);
  } catch (error) {
    // The witness still says it at the next start.
    log.failure("the loss cannot be written to the database", error);
  }
  return "older";
}

/** The witness is made durable once; from then on it is written without waiting. */
async function testify(
  { directory, log }: Opening,
  witness: ChangeWitness | undefined,
  database: DatabaseSync,
): Promise<void> {
  const { changes } = stateOf(database);
  const witnessed = witness?.read();
  if (witness === undefined || (witnessed !== undefined && witnessed >= changes)) return;
  try {
    witness.write(changes);
    await sync(join(directory, WITNESS_NAME));
  } catch (error) {
    log.failure("the number of changes cannot be written beside the database", error);
  }
}
