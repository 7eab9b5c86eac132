import type { Clock } from "../../mesh/clock.ts";
import type { LogEnd } from "./event-store.ts";

/**
 * How long the log has stood still behind one transaction. A transaction that somebody forgot, in
 * whichever database of the cluster, holds back every event that was committed after it began.
 * Nothing else would tell that from calm. It is seen by looking, so that the relay needs no right
 * to see others' sessions: what began before the first look counts from there.
 */
export class LogHold {
  readonly #clock: Clock;
  #settled = -1n;
  #isHeld = false;
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  look({ settled, unused }: LogEnd): void {
    this.#isHeld = settled < unused;
    if (settled === this.#settled) return;
    this.#settled = settled;
    this.#sinceMs = this.#clock.monotonicMs();
  }

  /** Milliseconds by which events may be late; 0 when every transaction that began has ended. */
  get heldBackMs(): number {
    return this.#isHeld ? this.#clock.monotonicMs() - this.#sinceMs : 0;
  }
}
