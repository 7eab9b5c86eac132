import { type Rate, RateLimits } from "../limits/rate-limits.ts";
import type { Surroundings } from "../surroundings.ts";

const FIRST_BAR_MS = 1_000;
const BAR_MS_MAX = 60_000;
/** Who has been good for so long starts anew. */
const FORGIVEN_MS = 600_000;
/** Barred peers to remember. Whoever is forgotten was barred before all others. */
const BARRED_MAX = 10_000;

/**
 * How often each peer did what an honest client does seldom: reset a call, go on calling when it
 * was told to come back later. Who does it for too long is barred, and longer each time; who does
 * once what no honest client does is barred at once.
 */
export class Offences {
  readonly #around: Pick<Surroundings, "clock" | "log">;
  readonly #patience: RateLimits;
  readonly #bars = new Map<string, { readonly untilMs: number; readonly lastsMs: number }>();

  constructor(patience: Rate, around: Pick<Surroundings, "clock" | "log">) {
    this.#around = around;
    this.#patience = new RateLimits(patience, around.clock);
  }

  isBarred(peer: string): boolean {
    return this.#around.clock.monotonicMs() < (this.#bars.get(peer)?.untilMs ?? 0);
  }

  /** One more. @returns whether that was too much: the peer is barred from now on. */
  count(peer: string): boolean {
    if (this.#patience.isWithin(peer)) return false;
    this.bar(peer);
    return true;
  }

  /** A peer that is barred stays so for no longer: its other connections may be there still. */
  bar(peer: string): void {
    if (this.isBarred(peer)) return;
    const { clock, log } = this.#around;
    const nowMs = clock.monotonicMs();
    const last = this.#bars.get(peer);
    const isForgiven = last === undefined || nowMs - last.untilMs > FORGIVEN_MS;
    const lastsMs = isForgiven ? FIRST_BAR_MS : Math.min(2 * last.lastsMs, BAR_MS_MAX);
    this.#bars.delete(peer);
    this.#bars.set(peer, { untilMs: nowMs + lastsMs, lastsMs });
    const facts = { peerIdentity: peer, durationMs: lastsMs };
    log.security("share_used_up", "a peer went beyond its share, and is barred", facts);
    if (this.#bars.size > BARRED_MAX) this.#forgetOne();
  }

  #forgetOne(): void {
    for (const peer of this.#bars.keys()) {
      this.#bars.delete(peer);
      return;
    }
  }
}
