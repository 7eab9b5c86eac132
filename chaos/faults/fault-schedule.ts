import { Dice } from "../dice.ts";
import type { Arena, Fault } from "./fault.ts";
import { FAULTS } from "./faults.ts";

/** Faults that are there at the same time. */
const TOGETHER_MAX = 3;
const PAUSE_MS = { min: 500, max: 6_000 } as const;

interface FaultScheduleOptions {
  readonly arena: Arena;
  readonly seed: string;
  /** The only kinds that strike; undefined: all. */
  readonly kinds: readonly string[] | undefined;
  /** Told of every fault as it begins. */
  readonly say: (line: string) => void;
}

/** Harms something every few seconds, as its seed says, until everything is to be healed. */
export class FaultSchedule {
  readonly #options: FaultScheduleOptions;
  readonly #dice: Dice;
  readonly #faults: readonly Fault[];
  readonly #running = new Set<Promise<void>>();
  /** By kind, those that were healed. */
  readonly survived: Record<string, number> = {};

  constructor(options: FaultScheduleOptions) {
    this.#options = options;
    this.#dice = new Dice(`${options.seed} faults`);
    const { kinds } = options;
    this.#faults = FAULTS.filter(({ kind }) => kinds === undefined || kinds.includes(kind));
  }

  /** Resolves when it was told to heal and everything is healed. */
  async run(): Promise<void> {
    const { clock, healing } = this.#options.arena;
    while (!healing.aborted) {
      const pauseMs = this.#dice.between(PAUSE_MS.min, PAUSE_MS.max);
      await clock.sleep(pauseMs, healing).catch(() => undefined);
      if (healing.aborted || this.#running.size >= TOGETHER_MAX) continue;
      this.#strike();
    }
    await Promise.all(this.#running);
  }

  #strike(): void {
    const { arena, say } = this.#options;
    const { kind, strike } = this.#dice.pick(this.#faults);
    const planned = strike(arena, this.#dice);
    if (planned === undefined) return;
    say(`${kind}: ${planned.what}`);
    const done: Promise<void> = planned.work().then(
      () => {
        this.survived[kind] = (this.survived[kind] ?? 0) + 1;
      },
      (error: unknown) => say(`${kind}: ${planned.what} did not work: ${String(error)}`),
    );
    const running = done.finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}
