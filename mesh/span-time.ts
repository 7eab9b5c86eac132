import { systemClock } from "./clock.ts";

/** Beyond this the system's clock was set, or has drifted, and counts anew. */
const DRIFT_MS_MAX = 2;

let offsetMs = systemClock.nowMs() - systemClock.monotonicMs();

/**
 * Unix time in milliseconds with microseconds as fraction. The system's clock has whole
 * milliseconds, too coarse for hops that take less than one.
 */
export function spanTimeMs(): number {
  const monotonicMs = systemClock.monotonicMs();
  const wallMs = systemClock.nowMs();
  if (Math.abs(offsetMs + monotonicMs - wallMs) > DRIFT_MS_MAX) offsetMs = wallMs - monotonicMs;
  return offsetMs + monotonicMs;
}
