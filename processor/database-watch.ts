import type { Clock, Timer } from "../mesh/clock.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import type { HotDatabase } from "../prisma/hot-database.ts";

const INTERVAL_MS = 2_000;

interface DatabaseWatchOptions extends Pick<Surroundings, "clock"> {
  readonly database: HotDatabase;
  readonly onChange: (isReachable: boolean) => void;
}

/** Asks now and then whether the database answers, for the program's health. */
export class DatabaseWatch implements Disposable {
  readonly #database: HotDatabase;
  readonly #clock: Clock;
  readonly #onChange: (isReachable: boolean) => void;
  #isReachable = true;
  #timer: Timer;
  #isOver = false;

  constructor(options: DatabaseWatchOptions) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#onChange = options.onChange;
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
