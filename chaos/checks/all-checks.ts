import type { CheckedInvariant } from "../chaos-report.ts";
import type { Check, Evidence } from "./check.ts";
import { DISPLAY_CHECKS } from "./display-checks.ts";
import { LATE_CHECKS } from "./late-checks.ts";
import { LEDGER_CHECKS } from "./ledger-checks.ts";
import { LIMIT_CHECKS } from "./limit-checks.ts";
import { PIN_CHECKS } from "./pin-checks.ts";
import { RECORD_CHECKS } from "./record-checks.ts";
import { TOLD_CHECKS } from "./told-checks.ts";
import { WATCH_CHECKS } from "./watch-checks.ts";

export const ALL_CHECKS: readonly Check[] = [
  ...LEDGER_CHECKS,
  ...RECORD_CHECKS,
  ...TOLD_CHECKS,
  ...PIN_CHECKS,
  ...LIMIT_CHECKS,
  ...DISPLAY_CHECKS,
  ...LATE_CHECKS,
  ...WATCH_CHECKS,
];

export function checkAll(evidence: Evidence): readonly CheckedInvariant[] {
  return ALL_CHECKS.map(({ invariant, violations }) => {
    return { invariant, violations: [...violations(evidence)] };
  });
}
