import type { LoadPlan } from "./load-messages.ts";

/**
 * Milliseconds from a payment that is due `sinceStartMs` after the start to the next one. The gaps
 * are exponential: customers do not wait for each other.
 *
 * @param uniform from 0 up to 1.
 */
export function dueGapMs(plan: LoadPlan, sinceStartMs: number, uniform: number): number {
  const { surge, paymentsPerSecond } = plan;
  const isSurge =
    surge !== undefined && sinceStartMs >= surge.fromMs && sinceStartMs < surge.untilMs;
  const perSecond = isSurge ? paymentsPerSecond * surge.factor : paymentsPerSecond;
  return (-Math.log(1 - uniform) * 1_000) / perSecond;
}

/** How many payments a run sends, without repeats. */
export function paymentCountOf(plan: LoadPlan): number {
  const { paymentsPerSecond, warmUpMs, durationMs, surge } = plan;
  const surgeMs = surge === undefined ? 0 : (surge.untilMs - surge.fromMs) * (surge.factor - 1);
  return Math.ceil((paymentsPerSecond * (warmUpMs + durationMs + surgeMs)) / 1_000);
}
