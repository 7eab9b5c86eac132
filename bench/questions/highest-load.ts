import { systemClock as clock } from "../../mesh/clock.ts";
import type { AskedHighestLoad } from "../arguments.ts";
import { machineFacts } from "../machine.ts";
import type { BenchResult } from "../measure/bench-result.ts";
import { EFFORTS } from "../measure/effort.ts";
import { measureHighestLoads } from "../measure/highest-loads.ts";
import { plotOf } from "../report/plot.ts";
import { svgOf } from "../report/svg.ts";
import { tableOf } from "../report/table.ts";
import { writeResult } from "../results.ts";

interface HighestLoadOptions extends Omit<AskedHighestLoad, "question"> {
  /** One line for a person. */
  readonly say: (line: string) => void;
}

/** The highest load with p99 < 100 ms, mix by mix, and of simpler designs. */
export async function measureHighestLoad(options: HighestLoadOptions): Promise<void> {
  const { effortName, relayCount, processorCount, scenarios, say } = options;
  const startedAtMs = clock.nowMs();
  const machine = await machineFacts();
  const effort = EFFORTS[effortName];
  const loads = await measureHighestLoads({ effort, relayCount, processorCount, scenarios, say });
  const result: BenchResult = {
    startedAt: new Date(startedAtMs).toISOString(),
    effort: effortName,
    machine,
    tpcb: loads.tpcb,
    relays: relayCount,
    processors: processorCount,
    scenarios: loads.scenarios,
  };
  say(`\n${tableOf(result)}\n\n${plotOf(result)}\n`);
  say(writeResult("highest-load", result.startedAt, { json: result, svg: svgOf(result) }));
}
