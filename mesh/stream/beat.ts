import type { Clock, Timer } from "../clock.ts";
import { SIGN_OF_LIFE_MS } from "./silence.ts";

/** Speaks on a stream on which nothing else was said for an interval. */
export class Beat {
  readonly #clock: Clock;
  readonly #speak: () => void;
  #lastSentMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, speak: () => void) {
    this.#clock = clock;
    this.#speak = speak;
  }

  /** From now on. @param intervalMs as the other side was told. */
  start(intervalMs = SIGN_OF_LIFE_MS): void {
    this.#plan(intervalMs);
  }

  /** Something was said. */
  sent(): void {
    this.#lastSentMs = this.#clock.monotonicMs();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #plan(intervalMs: number): void {
    const dueInMs = this.#lastSentMs + intervalMs - this.#clock.monotonicMs();
    this.#timer = this.#clock.timer(Math.max(dueInMs, 0), () => {
      const silentMs = this.#clock.monotonicMs() - this.#lastSentMs;
      if (silentMs >= intervalMs) {
        this.#speak();
        // Also when there was nothing to speak to any more: one beat per interval, never a spin.
        this.sent();
      }
      this.#plan(intervalMs);
    });
  }
}
