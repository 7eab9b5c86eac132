import { chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type InstanceName, PROGRAM_NAMES, SECOND_NAMES } from "../../dev-mesh/mesh-directory.ts";
import { LedgerDays } from "./ledger-days.ts";

/** Whoever has a clock of its own; "load" are the readers of those terminals that only submit. */
export type ClockOwner = InstanceName | "postgres" | "load";

export const CLOCK_OWNERS: readonly ClockOwner[] = [
  ...PROGRAM_NAMES,
  ...SECOND_NAMES,
  "postgres",
  "load",
];

/** How long a program may go on with the clock that it had. */
export const NOTICED_AFTER_MS = 1_500;

/**
 * The wall clocks of all programs, each of which can be put forward and back while the program
 * runs. libfaketime looks into a file of each program once a second. Monotonic clocks stay right:
 * no fault of a clock makes them jump.
 */
export class WrongClocks {
  readonly #library: string;
  readonly #directory: string;
  readonly #wrong = new Map<ClockOwner, number>();
  readonly #nowMs: () => number;
  readonly #ledgerDays = new LedgerDays();

  /**
   * @param directory for a file of each program.
   * @param nowMs the true time.
   */
  constructor(library: string, directory: string, nowMs: () => number) {
    this.#library = library;
    this.#directory = directory;
    this.#nowMs = nowMs;
    mkdirSync(directory, { recursive: true });
    this.#noteDay();
    for (const owner of CLOCK_OWNERS) this.#write(owner, 0);
  }

  /** What a program has to be started with. */
  environmentOf(owner: ClockOwner): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#fileOf(owner),
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DISABLE_SHM: "1",
      // Files keep their true times.
      NO_FAKE_STAT: "1",
    };
  }

  /** Those that are wrong now. */
  get wrong(): readonly ClockOwner[] {
    return [...this.#wrong.keys()];
  }

  /** Milliseconds ahead; below 0 behind. */
  aheadMs(owner: ClockOwner): number {
    return (this.#wrong.get(owner) ?? 0) * 1_000;
  }

  /** By the clock that says which day the ledger has. */
  get ledgerDays(): LedgerDays {
    this.#noteDay();
    return this.#ledgerDays;
  }

  /** Seconds ahead; below 0 behind, 0 right. */
  put(owner: ClockOwner, seconds: number): void {
    this.#noteDay();
    if (seconds === 0) this.#wrong.delete(owner);
    else this.#wrong.set(owner, seconds);
    this.#write(owner, seconds);
    this.#noteDay();
  }

  heal(): void {
    for (const owner of this.wrong) this.put(owner, 0);
  }

  #noteDay(): void {
    this.#ledgerDays.at(this.#nowMs() + this.aheadMs("postgres"));
  }

  #fileOf(owner: ClockOwner): string {
    return join(this.#directory, owner);
  }

  /** In one step: half a number would be another time. */
  #write(owner: ClockOwner, seconds: number): void {
    const file = this.#fileOf(owner);
    const unfinished = `${file}.unfinished`;
    writeFileSync(unfinished, `${seconds < 0 ? "" : "+"}${seconds}\n`);
    // PostgreSQL may run as somebody else.
    chmodSync(unfinished, 0o644);
    renameSync(unfinished, file);
  }
}
