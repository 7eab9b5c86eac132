import { PaymentError } from "../payment/errors.ts";
import { valueAtLoad } from "../settings/read-config.ts";
import { GROUP_SETTINGS } from "./settings.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Rows per statement: beyond this a flush gets longer, not the throughput higher. With
 * CARDLANE_GROUP_MAX=1 everything is written one by one, to measure what grouping gives.
 */
const ITEMS_MAX = valueAtLoad(GROUP_SETTINGS.itemsMax);
/** Sixteen full flushes, under a second of work: who waits longer than that is better told so. */
const WAITING_MAX = 4_096;

/**
 * From the start of one flush to that of the next: a statement, and the frames that follow it, cost
 * about as much for one payment as for ten. What comes after a pause is flushed at once, so that a
 * payment on its own never waits. CARDLANE_GROUP_PACE_MS=0 measures what that gives.
 */
const PACE_MS = valueAtLoad(GROUP_SETTINGS.paceMs);
/** Timers are no finer; less is not waited for. */
const WAIT_MS_MIN = 1;

/**
 * Collects items and gives them to `flush` together: what comes while one flush runs, and until
 * the next one is due, goes into the next, so that batches grow with the load by themselves.
 *
 * A flush that fails is tried again in halves until the failure is with one item alone: a poisoned
 * item harms only itself. A flush must therefore take all its items or none.
 */
export class GroupCommit<Item, Answer> {
  readonly #flush: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly #itemsMax: number;
  readonly #waitingMax: number;
  readonly #pace: Pace | undefined;
  #lastFlushMs = Number.NEGATIVE_INFINITY;
  #waiting: Entry<Item, Answer>[] = [];
  #isRunning = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: GroupCommitOptions<Item, Answer>) {
    this.#flush = options.flush;
    this.#itemsMax = options.itemsMax ?? ITEMS_MAX;
    this.#waitingMax = options.waitingMax ?? WAITING_MAX;
    this.#pace = options.pace;
  }

  /** Items that no flush has taken yet. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /**
   * Resolves with this item's answer when its flush has returned.
   *
   * @throws PaymentError OVERLOADED when the queue is full; else what `flush` threw for this item.
   */
  add(item: Item): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    if (this.#waiting.length >= this.#waitingMax) {
      reject(new PaymentError("OVERLOADED", `at most ${this.#waitingMax} may wait to be written`));
      return promise;
    }
    this.#waiting.push({ item, resolve, reject });
    if (!this.#isRunning) {
      this.#isRunning = true;
      // All that arrives in this turn of the event loop shares the first flush.
      setImmediate(() => void this.#run());
    }
    return promise;
  }

  /** Resolves when nothing waits and nothing is being written. */
  idle(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#keepPace();
      await this.#write(this.#waiting.splice(0, this.#itemsMax));
    }
    this.#isRunning = false;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  async #keepPace(): Promise<void> {
    if (this.#pace === undefined) return;
    const { clock, everyMs = PACE_MS } = this.#pace;
    const waitMs = this.#lastFlushMs + everyMs - clock.monotonicMs();
    const isFull = this.#waiting.length >= this.#itemsMax;
    if (waitMs >= WAIT_MS_MIN && !isFull) await clock.sleep(waitMs);
    this.#lastFlushMs = clock.monotonicMs();
  }

  /** Settles every entry; never throws. */
  async #write(entries: readonly Entry<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#flush(entries.map(({ item }) => item));
      settle(entries, answers);
    } catch (error) {
      if (entries.length === 1 || isAboutTheStore(error)) {
        for (const { reject } of entries) reject(error);
        return;
      }
      const half = entries.length >> 1;
      await this.#write(entries.slice(0, half));
      await this.#write(entries.slice(half));
    }
  }
}

interface GroupCommitOptions<Item, Answer> {
  /** Takes 1 to `itemsMax` items, all or none, and gives as many answers, in the same order. */
  readonly flush: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly itemsMax?: number;
  /** How many may wait beside those being written. */
  readonly waitingMax?: number;
  /** Flushes are then at least so far apart, unless a full one is waiting. */
  readonly pace?: Pace;
}

interface Pace extends Pick<Surroundings, "clock"> {
  /** Milliseconds; 10 if not given. */
  readonly everyMs?: number;
}

interface Entry<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

function settle<Item, Answer>(
  entries: readonly Entry<Item, Answer>[],
  answers: readonly Answer[],
): void {
  if (answers.length !== entries.length) {
    throw new Error(`bug: ${entries.length} items were flushed, ${answers.length} answers came`);
  }
  // The lengths are equal; an answer may itself be undefined.
  entries.forEach(({ resolve }, index) => void resolve(answers[index] as Answer));
}

/** No item is to blame, and with halves an outage would cost a try for every item. */
function isAboutTheStore(error: unknown): boolean {
  return error instanceof PaymentError && error.code === "STORE_NOT_REACHED";
}
