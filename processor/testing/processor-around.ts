import type { Clock } from "../../mesh/clock.ts";
import { noFaults } from "../../mesh/faults.ts";
import { silentLog } from "../../mesh/log.ts";
import { noTelemetry } from "../../mesh/tracing/telemetry.ts";
import type { Random } from "../../sealing/random.ts";
import type { ProcessorSurroundings } from "../processor-surroundings.ts";

/** Around a part of the processor that runs by itself: it says nothing, and nothing fails. */
export function processorAround(clock: Clock, random: Random): ProcessorSurroundings {
  const speaker = { program: "processor", instance: "processor-1" };
  return { speaker, clock, random, log: silentLog, telemetry: noTelemetry, faults: noFaults };
}
