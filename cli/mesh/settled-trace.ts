import type { Clock } from "../../mesh/clock.ts";
import { readTrace, type SpanRecord } from "../../mesh/tracing/span-record.ts";

const LOOK_MS = 100;
/** Programs write their spans 200 ms after they ended; nothing new for longer than that is all. */
const QUIET_LOOKS = 4;
const LOOKS_MAX = 40;

/** The spans of a payment that has just ended, once every program has had time to write its own. */
export async function settledTrace(
  directory: string,
  traceId: string,
  clock: Clock,
): Promise<readonly SpanRecord[]> {
  let spans: readonly SpanRecord[] = [];
  let quietLooks = 0;
  for (let look = 0; look < LOOKS_MAX && quietLooks < QUIET_LOOKS; look += 1) {
    await clock.sleep(LOOK_MS);
    const found = await readTrace(directory, traceId);
    quietLooks = found.length === spans.length && found.length > 0 ? quietLooks + 1 : 0;
    spans = found;
  }
  return spans;
}
