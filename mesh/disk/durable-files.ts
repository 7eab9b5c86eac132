import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Log, silentLog } from "../log.ts";
import type { ChangeWitness } from "./change-witness.ts";
import { emptyLog, type OpenedDatabase, openDatabase, sync } from "./database-opening.ts";
import { digestOf, isDamage, type Memory, WRITE_FILE } from "./file-database.ts";

export { DirectoryInUse } from "./database-opening.ts";

/**
 * A small set of named files that survive a power cut: what reader and terminal must never forget.
 * Whatever a promise has resolved for is on the disk; a crash before that leaves the old content.
 */
export interface DurableFiles extends AsyncDisposable {
  /** What the disk is known to have lost; what is lost stays lost over every restart. */
  readonly memory: Memory;
  /** Replaces the whole file. The content is never half old, half new. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * As `write`, and what the file held before cannot be read from the directory any more, also
   * after a power cut.
   */
  overwrite(name: string, bytes: Uint8Array): Promise<void>;
  /** Undefined when there is no such file. @throws FileDamaged when it is not what was written. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Names that begin with `prefix`, in alphabetical order. */
  list(prefix: string): Promise<readonly string[]>;
  /** Takes a file away; without effect when it is not there. */
  remove(name: string): Promise<void>;
  /** As `remove`, and what the file held cannot be read either, also after a power cut. */
  erase(name: string): Promise<void>;
}

/** This file alone cannot be read; `message` is meant for a person. */
export class FileDamaged extends Error {
  override readonly name = "FileDamaged";

  constructor(name: string, options?: ErrorOptions) {
    super(`the stored file "${name}" is damaged on the disk`, options);
  }
}

interface DirectoryOptions {
  readonly log?: Log;
  /** A damaged database is kept for a person, or erased where it holds keys; "kept" by default. */
  readonly damaged?: "kept" | "erased";
}

/**
 * Files in the directory `path`, which is made when it is missing and locked until disposal. A
 * damaged database is replaced by what can be read of it; while the disk has no room for that, the
 * files can only be read.
 *
 * @throws DirectoryInUse when another process, or this one a second time, holds it.
 */
export async function directoryFiles(
  path: string,
  { log = silentLog, damaged = "kept" }: DirectoryOptions = {},
): Promise<DurableFiles> {
  const directory = resolve(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await sync(dirname(directory));
  const opened = await openDatabase({ directory, log, damaged });
  await sync(directory);
  return new DirectoryFiles(opened, log);
}

/** @throws Error for a name that no file may have. */
export function requireFileName(name: string): void {
  if (!FILE_NAME.test(name)) throw new Error(`bug: file name "${name}" is not allowed`);
}

const FILE_NAME = /^[a-z0-9][a-z0-9-]{0,79}(?:\.(?:json|bin))?$/;

/**
 * One row per file. A call keeps the event loop until the disk has it, a fraction of a millisecond:
 * a device takes one payment at a time, and a thread for it would cost as much again.
 */
class DirectoryFiles implements DurableFiles {
  readonly memory: Memory;
  readonly #database: DatabaseSync;
  readonly #witness: ChangeWitness | undefined;
  readonly #log: Log;
  readonly #logPath: string;
  readonly #write: StatementSync;
  readonly #read: StatementSync;
  readonly #list: StatementSync;
  readonly #remove: StatementSync;
  readonly #changes: StatementSync;

  constructor({ database, memory, witness, logPath }: OpenedDatabase, log: Log) {
    this.memory = memory;
    this.#database = database;
    this.#witness = witness;
    this.#log = log;
    this.#logPath = logPath;
    this.#write = database.prepare(WRITE_FILE);
    this.#read = database.prepare("SELECT content, digest FROM stored WHERE name = ?");
    this.#list = database.prepare("SELECT name FROM stored ORDER BY name");
    this.#remove = database.prepare("DELETE FROM stored WHERE name = ?");
    this.#changes = database.prepare("SELECT changes FROM state");
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    requireFileName(name);
    this.#write.run(name, bytes, digestOf(name, bytes));
    this.#testify();
  }

  async overwrite(name: string, bytes: Uint8Array): Promise<void> {
    await this.write(name, bytes);
    await emptyLog(this.#database, this.#logPath);
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    requireFileName(name);
    const row = this.#rowOf(name);
    if (row === undefined) return undefined;
    const { content, digest } = row;
    if (!(content instanceof Uint8Array && digest instanceof Uint8Array)) {
      throw new FileDamaged(name);
    }
    if (Buffer.compare(digestOf(name, content), digest) !== 0) throw new FileDamaged(name);
    return content;
  }

  async list(prefix: string): Promise<readonly string[]> {
    const rows = this.#list.all() as { readonly name: string }[];
    return rows.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  }

  async remove(name: string): Promise<void> {
    requireFileName(name);
    this.#remove.run(name);
    this.#testify();
  }

  async erase(name: string): Promise<void> {
    await this.remove(name);
    await emptyLog(this.#database, this.#logPath);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
    this.#witness?.[Symbol.dispose]();
  }

  #rowOf(name: string): ReturnType<StatementSync["get"]> {
    try {
      return this.#read.get(name);
    } catch (cause) {
      throw isDamage(cause) ? new FileDamaged(name, { cause }) : cause;
    }
  }

  /** The change itself is on the disk: a witness that stays behind only says less. */
  #testify(): void {
    try {
      const { changes } = this.#changes.get() as { readonly changes: number };
      this.#witness?.write(BigInt(changes));
    } catch (error) {
      this.#log.failure("the number of changes cannot be written beside the database", error);
    }
  }
}
