import type { Clock, Timer } from "./clock.ts";

/** Between two looks at the other clock. */
const LOOK_MS = 5_000;

/**
 * A clock that says what somebody else's says: between two looks it goes on by the own monotonic
 * one, so that nothing happens when the machine's wall clock is wrong, or jumps.
 */
export class FollowedClock implements Clock, Disposable {
  readonly #own: Clock;
  readonly #ask: () => Promise<number>;
  /** How far the other clock is ahead of the own monotonic one; undefined before the first look. */
  #aheadMs: number | undefined;
  #timer: Timer | undefined;

  /** @param ask the other clock's time, Unix milliseconds. */
  constructor(own: Clock, ask: () => Promise<number>) {
    this.#own = own;
    this.#ask = ask;
  }

  /** The own wall clock's before the first look. */
  nowMs(): number {
    if (this.#aheadMs === undefined) return this.#own.nowMs();
    return Math.floor(this.#own.monotonicMs() + this.#aheadMs);
  }

  monotonicMs(): number {
    return this.#own.monotonicMs();
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return this.#own.sleep(durationMs, signal);
  }

  timer(delayMs: number, callback: () => void): Timer {
    return this.#own.timer(delayMs, callback);
  }

  /** Looks once. Throws what asking threw. */
  async look(): Promise<void> {
    const askedAtMs = this.#own.monotonicMs();
    const theirMs = await this.#ask();
    // It was that late there at some moment between the question and the answer.
    const [most, least] = [theirMs - askedAtMs, theirMs - this.#own.monotonicMs()];
    this.#aheadMs = Math.min(most, Math.max(least, this.#aheadMs ?? least));
  }

  /** Looks now and then until it is disposed of. Without an answer the time goes on as before. */
  follow(): void {
    this.#timer = this.#own.timer(LOOK_MS, () => {
      this.look()
        .catch(() => undefined) // Whoever needs an answer asks for more than the time, and says so.
        .finally(() => {
          if (this.#timer !== undefined) this.follow();
        });
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
