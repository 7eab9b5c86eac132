import type { Clock } from "../clock.ts";

/**
 * How far the own wall clock and the own monotonic one may part before a peer's time is lost. A
 * machine that slept, or whose clock was set, goes beyond it; one that is slewed does not.
 */
const PARTED_MS_MAX = 1_000;

/** What a peer's wall clock says, going by the last time that it said it. */
export class PeerClock {
  readonly #own: Pick<Clock, "monotonicMs" | "nowMs">;
  #heard: { readonly timeMs: number; readonly atMs: number; readonly atWallMs: number } | undefined;

  constructor(own: Pick<Clock, "monotonicMs" | "nowMs">) {
    this.#own = own;
  }

  /**
   * Undefined when the peer never said it, or when it is lost. Late by as long as its word was on
   * the way.
   */
  get nowMs(): number | undefined {
    if (this.#heard === undefined || this.isLost) return undefined;
    return this.#heard.timeMs + this.#own.monotonicMs() - this.#heard.atMs;
  }

  /** Nobody knows how much time has passed since the peer's word: its next one tells. */
  get isLost(): boolean {
    if (this.#heard === undefined) return false;
    const passedMs = this.#own.monotonicMs() - this.#heard.atMs;
    const passedWallMs = this.#own.nowMs() - this.#heard.atWallMs;
    return Math.abs(passedWallMs - passedMs) > PARTED_MS_MAX;
  }

  /** @param timeMs Unix milliseconds, just now; 0 from a peer that does not say. */
  heard(timeMs: bigint): void {
    if (timeMs === 0n) return;
    const [atMs, atWallMs] = [this.#own.monotonicMs(), this.#own.nowMs()];
    this.#heard = { timeMs: Number(timeMs), atMs, atWallMs };
  }
}
