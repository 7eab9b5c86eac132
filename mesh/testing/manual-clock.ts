import { setImmediate as nextTurn } from "node:timers/promises";
import { type Clock, sleepOn, type Timer } from "../clock.ts";

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #startMs: number;
  #elapsedMs = 0;
  readonly #pending = new Set<Pending>();

  /** @param startMs Unix time at which the clock stands; 2026-01-01T00:00:00Z by default. */
  constructor(startMs = 1_767_225_600_000) {
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, durationMs, signal);
  }

  timer(delayMs: number, callback: () => void): Timer {
    const pending = { dueMs: this.#elapsedMs + Math.max(0, delayMs), callback };
    this.#pending.add(pending);
    const cancel = () => void this.#pending.delete(pending);
    return { cancel, [Symbol.dispose]: cancel };
  }

  /** The wall clock jumps, and nothing else: no timer is nearer than before. */
  jump(byMs: number): void {
    this.#startMs += byMs;
  }

  /** How many timers are waiting; a test that expects none shows that nothing was left running. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /**
   * Moves time on and runs what falls due, in order. After each timer everything it set off gets a
   * turn of the event loop, so that a loop of sleeps proceeds as it would in real time.
   */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + durationMs;
    await nextTurn();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#pending.delete(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      next.callback();
      await nextTurn();
    }
    this.#elapsedMs = untilMs;
  }

  #next(untilMs: number): Pending | undefined {
    let first: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.dueMs <= untilMs && (first === undefined || pending.dueMs < first.dueMs)) {
        first = pending;
      }
    }
    return first;
  }
}

interface Pending {
  readonly dueMs: number;
  readonly callback: () => void;
}
