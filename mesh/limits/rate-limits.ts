import { PaymentError } from "../../payment/errors.ts";
import type { Clock } from "../clock.ts";

/** How much one caller may ask for. */
export interface Rate {
  /** Sustained, in calls or payments. Above 0. */
  readonly perSecond: number;
  /** At once, after a pause. At least 1. */
  readonly burst: number;
}

/** Callers to remember. Whoever is forgotten had a full bucket, or was silent for longest. */
const CALLERS_MAX = 10_000;

/**
 * A token bucket for each caller: it holds `burst` tokens, gains `perSecond`, and each call takes
 * one. A caller that asks for too much is refused and told when to come back; others feel nothing.
 */
export class RateLimits {
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** In order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, clock: Pick<Clock, "monotonicMs">) {
    if (!(rate.perSecond > 0 && rate.burst >= 1)) {
      throw new Error(`bug: a rate of ${rate.perSecond} a second, ${rate.burst} at once`);
    }
    this.#rate = rate;
    this.#clock = clock;
  }

  /**
   * @param caller whatever tells callers apart and cannot be chosen freely: a verified identity.
   * @throws PaymentError OVERLOADED with the milliseconds until the next token.
   */
  take(caller: string): void {
    const retryAfterMs = this.#missingMs(caller);
    if (retryAfterMs === 0) return;
    const { perSecond, burst } = this.#rate;
    throw new PaymentError("OVERLOADED", `at most ${perSecond} a second, ${burst} at once`, {
      retryAfterMs,
    });
  }

  /** The same for a caller that is owed no explanation. @returns whether there was a token. */
  isWithin(caller: string): boolean {
    return this.#missingMs(caller) === 0;
  }

  /** Takes a token. @returns 0, or the milliseconds until there is one. */
  #missingMs(caller: string): number {
    const { perSecond, burst } = this.#rate;
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(caller) ?? { tokens: burst, atMs: nowMs };
    const gained = ((nowMs - bucket.atMs) * perSecond) / 1_000;
    const tokens = Math.min(burst, bucket.tokens + gained);
    const isEnough = tokens >= 1;
    this.#keep(caller, { tokens: isEnough ? tokens - 1 : tokens, atMs: nowMs });
    return isEnough ? 0 : Math.ceil(((1 - tokens) * 1_000) / perSecond);
  }

  #keep(caller: string, bucket: Bucket): void {
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size <= CALLERS_MAX) return;
    for (const longestSilent of this.#buckets.keys()) {
      this.#buckets.delete(longestSilent);
      return;
    }
  }
}

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}
