import type { Clock } from "../clock.ts";

/** What a peer's wall clock says, going by the last time that it said it. */
export class PeerClock {
  readonly #own: Pick<Clock, "monotonicMs">;
  /** How far it is ahead of the own monotonic clock. */
  #aheadMs: number | undefined;

  constructor(own: Pick<Clock, "monotonicMs">) {
    this.#own = own;
  }

  /** Undefined when the peer never said it. Late by as long as its word was on the way. */
  get nowMs(): number | undefined {
    return this.#aheadMs === undefined ? undefined : this.#own.monotonicMs() + this.#aheadMs;
  }

  /** @param timeMs Unix milliseconds, just now; 0 from a peer that does not say. */
  heard(timeMs: bigint): void {
    if (timeMs !== 0n) this.#aheadMs = Number(timeMs) - this.#own.monotonicMs();
  }
}
