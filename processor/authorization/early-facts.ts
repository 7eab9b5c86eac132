import type { Verdict } from "./decide-batch.ts";
import type { IncomingPayment } from "./incoming-payment.ts";
import type { BatchFacts } from "./payment-facts.ts";

/** A PIN is verified in less, unless something is slow. Then the facts are read again. */
export const EARLY_FACTS_MS_MAX = 250;

/**
 * The facts that a batch may first be decided from, without reading; undefined when some of it has
 * none, or has them for too long.
 */
export function earlyFactsOf(
  payments: readonly IncomingPayment[],
  monotonicMs: number,
): readonly BatchFacts[] | undefined {
  const facts = payments.flatMap(({ early }) =>
    early !== undefined && monotonicMs - early.readAtMs <= EARLY_FACTS_MS_MAX ? [early.facts] : [],
  );
  return facts.length === payments.length ? facts : undefined;
}

/**
 * Whether a verdict from early facts may stand. An approval in full may: the statement that writes
 * it refuses it when the payment, its counter or the money is not there any more. Whatever else may
 * have become wrong meanwhile, and nothing would notice. (docs/decisions/0011)
 */
export function standsOnEarlyFacts(verdict: Verdict): boolean {
  switch (verdict.kind) {
    case "decided":
      return verdict.decision.responseCode === "00" && verdict.posting !== null;
    // To open them twice does nothing.
    case "accounts missing":
      return true;
    default:
      return false;
  }
}
