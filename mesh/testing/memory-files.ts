import { type DurableFiles, FileDamaged, requireFileName } from "../disk/durable-files.ts";

/** Durable files in memory, for tests and simulation: `crash` is the power cut. */
export function memoryFiles(): MemoryFiles {
  return new MemoryFiles(new Map());
}

/** What a program that was cut off gets to see of its files: it can do nothing any more. */
export class FilesCrashed extends Error {
  constructor() {
    super("the files are gone: the machine crashed");
    this.name = "FilesCrashed";
  }
}

/** Where a planned crash strikes: the content of that write is lost, or is just still there. */
export type CrashMoment = "before it is synced" | "after it is synced";

export class MemoryFiles implements DurableFiles {
  /** What is on the disk. A write is here when its promise resolves, and not before. */
  readonly #synced: Map<string, Uint8Array>;
  #changesBegun = 0;
  #plannedCrash: { readonly change: number; readonly moment: CrashMoment } | undefined;
  #isCrashed = false;
  /** How many writes will still find no room; what is there can be read and taken away. */
  writesRefused = 0;
  memory: DurableFiles["memory"] = "whole";
  /** Names of files that the disk cannot read any more. */
  readonly damaged = new Set<string>();

  constructor(synced: Map<string, Uint8Array>) {
    this.#synced = synced;
  }

  /** How many writes and removals were begun. */
  get changesBegun(): number {
    return this.#changesBegun;
  }

  get isCrashed(): boolean {
    return this.#isCrashed;
  }

  /**
   * The power is cut now. What was not synced is lost, and whoever still holds these files gets
   * FilesCrashed from every operation.
   *
   * @returns the files as the next start of the program finds them.
   */
  crash(): MemoryFiles {
    this.#isCrashed = true;
    return this.copy();
  }

  /** What is on the disk now, as a backup of it. */
  copy(): MemoryFiles {
    const copied = new MemoryFiles(new Map(this.#synced));
    copied.memory = this.memory;
    for (const name of this.damaged) copied.damaged.add(name);
    return copied;
  }

  /** What is on the disk at this moment, for whoever looks at it from outside. */
  get contents(): Iterable<Uint8Array> {
    return this.#synced.values();
  }

  /** Crashes at the change (write or removal) number `change`, counted from 1. */
  crashAt(change: number, moment: CrashMoment): void {
    this.#plannedCrash = { change, moment };
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    requireFileName(name);
    const content = new Uint8Array(bytes);
    return this.#change(() => {
      if (this.writesRefused > 0) {
        this.writesRefused -= 1;
        throw new Error("ENOSPC: no space left on device, write");
      }
      this.#synced.set(name, content);
    });
  }

  overwrite(name: string, bytes: Uint8Array): Promise<void> {
    return this.write(name, bytes);
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    requireFileName(name);
    this.#requireAlive();
    if (this.damaged.has(name)) throw new FileDamaged(name);
    const content = this.#synced.get(name);
    return content === undefined ? undefined : new Uint8Array(content);
  }

  async list(prefix: string): Promise<readonly string[]> {
    this.#requireAlive();
    return [...this.#synced.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  remove(name: string): Promise<void> {
    requireFileName(name);
    return this.#change(() => void this.#synced.delete(name));
  }

  erase(name: string): Promise<void> {
    return this.remove(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #change(sync: () => void): Promise<void> {
    this.#requireAlive();
    this.#changesBegun += 1;
    const planned = this.#plannedCrash;
    const moment = planned?.change === this.#changesBegun ? planned.moment : undefined;
    // Syncing takes a moment in which everything else goes on, and in which a crash loses it.
    await null;
    if (moment === "before it is synced") this.#isCrashed = true;
    this.#requireAlive();
    sync();
    if (moment === "after it is synced") this.#isCrashed = true;
    this.#requireAlive();
  }

  #requireAlive(): void {
    if (this.#isCrashed) throw new FilesCrashed();
  }
}
