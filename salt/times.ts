import type { Curves, Signer } from "../sealing/curves/curves.ts";
import type { Random } from "../sealing/random.ts";
import { SealedDataRejected } from "../sealing/sealed-data-rejected.ts";

/** Longer than a busy machine takes, shorter than a person waits (Assured AB's review: 10 s). */
export const delayMsMax = 10_000;

/** A session is renewed daily: clocks drift apart, and its keys should not live longer. */
export const sessionMsMax = 24 * 60 * 60 * 1_000;

/**
 * `required` is the rule. `off` is for peers without a clock and for the published session, whose
 * time fields are zero.
 */
type DelayProtection = "required" | "off";

/** What either side begins a session with. */
export interface SaltSide {
  readonly curves: Curves;
  readonly random: Random;
  /** The own identity. */
  readonly signer: Signer;
  /** Now, by a clock that is never set back. */
  readonly nowMs: number;
  /** Default `required`. */
  readonly delayProtection?: DelayProtection;
}

/**
 * Finds packets that somebody held back. Each side counts milliseconds from its own first packet;
 * the other counts from that packet's arrival, and the two may differ by `delayMsMax`. All times
 * are of a clock that is never set back.
 */
export class SaltTimes {
  readonly #isOn: boolean;
  readonly #ownEpochMs: number;
  readonly #peerEpochMs: number;

  constructor(options: {
    readonly delayProtection: DelayProtection;
    /** When the own first packet was sent. */
    readonly ownEpochMs: number;
    /** When the peer's first packet arrived. */
    readonly peerEpochMs: number;
  }) {
    this.#isOn = options.delayProtection === "required";
    this.#ownEpochMs = options.ownEpochMs;
    this.#peerEpochMs = options.peerEpochMs;
  }

  /** The time field of a packet that is sent now. @throws SealedDataRejected: session too old. */
  stamp(nowMs: number): number {
    const timeMs = Math.floor(nowMs - this.#ownEpochMs);
    if (timeMs < 0 || timeMs > sessionMsMax) throw new SealedDataRejected("channel time");
    return this.#isOn ? timeMs : 0;
  }

  /** @throws SealedDataRejected for a packet that comes too late or from the future. */
  check(timeMs: number, nowMs: number): void {
    if (!this.#isOn) return;
    const expectedMs = nowMs - this.#peerEpochMs;
    if (Math.abs(expectedMs - timeMs) > delayMsMax || expectedMs > sessionMsMax + delayMsMax) {
      throw new SealedDataRejected("channel time");
    }
  }

  /** A peer that answers the own first packet late may have got it late. */
  checkAnswer(nowMs: number): void {
    if (this.#isOn && nowMs - this.#ownEpochMs > delayMsMax) {
      throw new SealedDataRejected("channel time");
    }
  }
}

/** Both sides must send times, or neither uses them. @throws SealedDataRejected */
export function requireTimeSupport(protection: DelayProtection, peerSupportsTime: boolean): void {
  if (protection === "required" && !peerSupportsTime) throw new SealedDataRejected("channel time");
}
