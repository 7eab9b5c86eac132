import { Code, ConnectError } from "@connectrpc/connect";
import { type Rate, RateLimits } from "../limits/rate-limits.ts";
import { isProbe, mayCall, type Policy } from "../policy.ts";
import type { Surroundings } from "../surroundings.ts";

/** A caller that is refused is in the log once in so long, with how often. */
const LOG_INTERVAL_MS = 1_000;
/** Refused callers to remember. Who is forgotten is in the log once more. */
const CALLERS_MAX = 1_000;
/** A dozen load balancers that ask every second; each answer costs what a call costs. */
const PROBE_RATE: Rate = { perSecond: 50, burst: 500 };

/**
 * Who may call what, and how often. Calls that are refused count like the others; health has a rate
 * of its own, so that who calls too much is still found healthy.
 */
export class Admission {
  readonly #policy: Policy;
  readonly #around: Pick<Surroundings, "clock" | "log">;
  readonly #rates: RateLimits;
  readonly #probeRates: RateLimits;
  readonly #refused = new Map<string, { readonly sinceMs: number; count: number }>();

  constructor(policy: Policy, callRate: Rate, around: Pick<Surroundings, "clock" | "log">) {
    this.#policy = policy;
    this.#around = around;
    this.#rates = new RateLimits(callRate, around.clock);
    this.#probeRates = new RateLimits(PROBE_RATE, around.clock);
  }

  /**
   * @param identity undefined for a peer whose certificate names nobody.
   * @throws ConnectError PERMISSION_DENIED. @throws PaymentError OVERLOADED for too many calls.
   */
  admit(identity: string | undefined, method: string): void {
    if (isProbe(method)) this.#probeRates.take(identity ?? "nobody");
    else this.count(identity);
    if (identity !== undefined && mayCall(this.#policy, identity, method)) return;
    this.#note(identity, method);
    throw new ConnectError(`this identity may not call ${method}`, Code.PermissionDenied);
  }

  /** What costs as much as a call. @throws PaymentError OVERLOADED */
  count(identity: string | undefined): void {
    this.#rates.take(identity ?? "nobody");
  }

  #note(identity: string | undefined, method: string): void {
    const caller = identity ?? "nobody";
    const { clock, log } = this.#around;
    const nowMs = clock.monotonicMs();
    const known = this.#refused.get(caller);
    if (known !== undefined && nowMs - known.sinceMs < LOG_INTERVAL_MS) {
      known.count += 1;
      return;
    }
    const count = (known?.count ?? 0) + 1;
    const facts = { peerIdentity: identity, method, count };
    log.security("policy_refused", "call refused by the policy", facts);
    this.#refused.delete(caller);
    this.#refused.set(caller, { sinceMs: nowMs, count: 0 });
    if (this.#refused.size <= CALLERS_MAX) return;
    for (const longestKnown of this.#refused.keys()) {
      this.#refused.delete(longestKnown);
      return;
    }
  }
}
