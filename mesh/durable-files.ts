import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";

/**
 * A small set of named files that survive a power cut: what reader and terminal must never forget.
 * Whatever a promise has resolved for is on the disk; a crash before that leaves the old content.
 */
export interface DurableFiles extends AsyncDisposable {
  /** Replaces the whole file. The content is never half old, half new. */
  write(name: string, bytes: Uint8Array): Promise<void>;
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
  const absolute = resolve(path);
  await mkdir(absolute, { recursive: true, mode: 0o700 });
  await syncDirectory(dirname(absolute));
  const lock = lockDirectory(absolute);
  try {
    return new DirectoryFiles(absolute, lock, await open(absolute, "r"));
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** @throws Error for a name that could leave the directory or be mistaken for a file of its own. */
export function requireFileName(name: string): void {
  if (!FILE_NAME.test(name)) throw new Error(`bug: file name "${name}" is not allowed`);
}

const FILE_NAME = /^[a-z0-9][a-z0-9-]{0,79}(?:\.(?:json|bin))?$/;
/** Holds content on its way; a crash leaves it behind, and nothing ever reads it. */
const UNFINISHED_SUFFIX = ".unfinished";
const LOCK_NAME = ".lock";
/** Only the owner reads keys and journals. */
const FILE_MODE = 0o600;

class DirectoryFiles implements DurableFiles {
  readonly #path: string;
  readonly #lock: DatabaseSync;
  readonly #directory: FileHandle;
  /** Changes follow one another, so that two writes of one file never meet. */
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(path: string, lock: DatabaseSync, directory: FileHandle) {
    this.#path = path;
    this.#lock = lock;
    this.#directory = directory;
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(name);
    return this.#change(async () => {
      await writeSynced(path + UNFINISHED_SUFFIX, bytes);
      await rename(path + UNFINISHED_SUFFIX, path);
      await this.#directory.sync();
    });
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    try {
      return new Uint8Array(await readFile(this.#pathOf(name)));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    const names = await readdir(this.#path);
    return names.filter((name) => name.startsWith(prefix) && FILE_NAME.test(name)).sort();
  }

  remove(name: string): Promise<void> {
    const path = this.#pathOf(name);
    return this.#change(async () => {
      await rm(path, { force: true });
      await this.#directory.sync();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lastChange;
    await this.#directory.close();
    this.#lock.close();
  }

  #change(change: () => Promise<void>): Promise<void> {
    const done = this.#lastChange.then(change);
    // Its caller hears of a failure; those that wait behind it only need it to be over.
    this.#lastChange = done.catch(() => undefined);
    return done;
  }

  #pathOf(name: string): string {
    requireFileName(name);
    return join(this.#path, name);
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, "w", FILE_MODE);
  await file.writeFile(bytes);
  await file.sync();
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, "r");
  await directory.sync();
}

/**
 * SQLite's exclusive lock is the operating system's: it ends with the process, however that ends,
 * so there is no stale lock to clear away. Nothing is ever stored in it.
 */
function lockDirectory(path: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, LOCK_NAME), { timeout: 0 });
  try {
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch {
    // The only thing that this statement can find in its way is another holder.
    lock.close();
    throw new DirectoryInUse(path);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
