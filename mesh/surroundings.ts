import type { Clock } from "./clock.ts";
import type { Faults } from "./faults.ts";
import type { Log } from "./log.ts";
import type { Telemetry } from "./tracing/telemetry.ts";

/**
 * What a program has around it, real or simulated. Every program is given all of it, and each of
 * its parts takes what it needs: `Pick<Surroundings, "clock" | "log">`. Random bytes come from
 * sealing/random.ts, which programs pass along beside it.
 */
export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  /** `noTelemetry` where nobody traces. */
  readonly telemetry: Telemetry;
  /** `noFaults` in production. */
  readonly faults: Faults;
}
