import { systemClock as clock } from "../../mesh/clock.ts";
import type { AskedRatios } from "../arguments.ts";
import { machineFacts } from "../machine.ts";
import type { BenchResult } from "../measure/bench-result.ts";
import { EFFORTS } from "../measure/effort.ts";
import { measureHighestLoads } from "../measure/highest-loads.ts";
import { compareTechniques } from "../measure/techniques.ts";
import { plotOf } from "../report/plot.ts";
import { svgOf } from "../report/svg.ts";
import { tableOf } from "../report/table.ts";
import { writeResult } from "../results.ts";

interface RatioOptions extends Omit<AskedRatios, "question"> {
  /** One line for a person. */
  readonly say: (line: string) => void;
}

/** The highest loads against TPC-B, and what each technique of the hot path saves. */
export async function measureRatios(options: RatioOptions): Promise<void> {
  const { effortName, relayCount, processorCount, lines, say } = options;
  const startedAtMs = clock.nowMs();
  const machine = await machineFacts();
  const mesh = { effort: EFFORTS[effortName], relayCount, processorCount, say };
  // First, because it needs most of the machine: when that is too small, nothing else is lost.
  const techniques = await compareTechniques({ ...mesh, techniques: lines.techniques });
  const loads = await measureHighestLoads({ ...mesh, scenarios: lines.scenarios });
  const result: BenchResult = {
    startedAt: new Date(startedAtMs).toISOString(),
    effort: effortName,
    machine,
    tpcb: loads.tpcb,
    relays: relayCount,
    processors: processorCount,
    scenarios: loads.scenarios,
    techniques,
  };
  const hasLoads = loads.scenarios.length > 0;
  say(`\n${tableOf(result)}\n`);
  if (hasLoads) say(`${plotOf(result)}\n`);
  const svg = hasLoads ? { svg: svgOf(result) } : {};
  say(writeResult("ratios", result.startedAt, { json: result, ...svg }));
}
