import { PaymentError } from "./errors.ts";

/** How far two clocks may differ where one has to go by what the other says. */
export const CLOCK_TOLERANCE_MS = 60_000;

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/**
 * Why nothing is to be begun by a clock like that; undefined where it is right.
 *
 * @param whose "the reader", "the terminal".
 * @param aheadMs of a clock that is taken for right; less than 0 for one that is slow.
 */
export function clockError(whose: string, aheadMs: number): PaymentError | undefined {
  if (Math.abs(aheadMs) <= CLOCK_TOLERANCE_MS) return undefined;
  return new PaymentError("CLOCK_WRONG", `${whose}'s clock is ${sizeOf(aheadMs)}; set it right`);
}

/** "5 minutes slow" */
function sizeOf(aheadMs: number): string {
  const offByMs = Math.abs(aheadMs);
  const [name, unitMs] = UNITS.find(([, ms]) => offByMs >= 2 * ms) ?? (["second", 1_000] as const);
  return `${Math.round(offByMs / unitMs)} ${name}s ${aheadMs < 0 ? "slow" : "fast"}`;
}
