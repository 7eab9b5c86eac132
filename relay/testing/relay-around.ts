import type { Clock } from "../../mesh/clock.ts";
import { noFaults } from "../../mesh/faults.ts";
import { silentLog } from "../../mesh/log.ts";
import { noTelemetry } from "../../mesh/tracing/telemetry.ts";
import { parseRelayId } from "../../payment/identifiers.ts";
import { seededRandom } from "../../sealing/testing/seeded-random.ts";
import { DEADLINE_MS } from "../relay-options.ts";
import type { RelaySurroundings } from "../relay-surroundings.ts";

/** Around a part of a relay that runs by itself: it says nothing, and nothing fails. */
export function relayAround(
  clock: Clock,
  changes: Partial<RelaySurroundings> = {},
): RelaySurroundings {
  return {
    relayId: parseRelayId("A1"),
    program: "relay/test",
    instance: "A1",
    random: seededRandom("relay"),
    jitter: () => 0.5,
    deadlineMs: DEADLINE_MS,
    stopping: new AbortController().signal,
    clock,
    log: silentLog,
    telemetry: noTelemetry,
    faults: noFaults,
    ...changes,
  };
}
