import type { Clock, Timer } from "../mesh/clock.ts";
import type { HotDatabase } from "../prisma/hot-database.ts";

const INTERVAL_MS = 2_000;

/** Asks now and then whether the database answers, for the program's health. */
export class DatabaseWatch implements Disposable {
  readonly #database: HotDatabase;
  readonly #clock: Clock;
  readonly #onChange: (isReachable: boolean) => void;
  #isReachable = true;
  #timer: Timer;
  #isOver = false;

  constructor(database: HotDatabase, clock: Clock, onChange: (isReachable: boolean) => void) {
    this.#database = database;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#timer = this.#plan();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer.cancel();
  }

  #plan(): Timer {
    return this.#clock.timer(INTERVAL_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const isReachable = await this.#database.answers();
    if (this.#isOver) return;
    if (isReachable !== this.#isReachable) {
      this.#isReachable = isReachable;
      this.#onChange(isReachable);
    }
    this.#timer = this.#plan();
  }
}
