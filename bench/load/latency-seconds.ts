import type { LoadSecond } from "./load-messages.ts";
import { quantilesOf } from "./quantiles.ts";

/** Latencies by the second in which payments became due. */
export class LatencySeconds {
  readonly #latenciesMs: number[][] = [];

  /** @param sinceStartMs when it was due, from the start of the run. */
  add(sinceStartMs: number, latencyMs: number): void {
    const second = Math.floor(sinceStartMs / 1_000);
    this.#latenciesMs[second] ??= [];
    this.#latenciesMs[second].push(latencyMs);
  }

  all(): readonly LoadSecond[] {
    // Array.from, because a second in which nothing was due is a hole.
    return Array.from(this.#latenciesMs, (latenciesMs = [], second) => ({
      second,
      due: latenciesMs.length,
      latencyMs: quantilesOf(latenciesMs),
    }));
  }
}
