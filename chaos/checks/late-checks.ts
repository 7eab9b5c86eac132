import { isApproved } from "../../payment/states.ts";
import type { Check, Evidence } from "./check.ts";

/** From a record to its reversal, and as long again for a relay that has to take it over. */
const LATE_MS = 50_000;

/** Time as nobody's clock but the run's own tells it. */
export const LATE_CHECKS: readonly Check[] = [
  { invariant: "nothing is approved that nobody waits for any more", violations: approvedLate },
];

function* approvedLate({ end, sightings }: Evidence): Iterable<string> {
  for (const { payment_id, state } of end.payments) {
    if (!isApproved(state)) continue;
    const sighting = sightings.get(payment_id);
    if (sighting?.recordedByMs === undefined || sighting.unpostedAtMs === undefined) continue;
    const waitedMs = sighting.unpostedAtMs - sighting.recordedByMs;
    if (waitedMs < LATE_MS) continue;
    const seconds = Math.round(waitedMs / 1_000);
    yield `${payment_id} (${state}) was not decided ${seconds} s after its record`;
  }
}
