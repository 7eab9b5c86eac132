import { systemClock as clock } from "../mesh/clock.ts";
import type { BenchResult } from "./bench-result.ts";
import { ALL_LINES, EFFORTS, type EffortName, type Lines } from "./effort.ts";
import { measureHighestLoads } from "./highest-loads.ts";
import { machineFacts } from "./machine.ts";
import { plotOf } from "./report/plot.ts";
import { svgOf } from "./report/svg.ts";
import { tableOf } from "./report/table.ts";
import { writeResult } from "./results.ts";
import { compareTechniques } from "./techniques.ts";
import { UsageError } from "./usage-error.ts";

export interface RatioOptions {
  readonly effortName: EffortName;
  readonly relayCount: number;
  readonly processorCount: number;
  readonly lines: Lines;
  readonly say: (line: string) => void;
}

/** The lines that the command line asks for. @throws UsageError naming all there are. */
export function linesOf(effort: EffortName, only: readonly string[] | undefined): Lines {
  if (only === undefined) return EFFORTS[effort].lines;
  const { scenarios, techniques } = ALL_LINES;
  const names = [...scenarios, ...techniques].map(({ name }) => name);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const known = names.map((name) => `\n  ${name}`).join("");
    throw new UsageError(`there is no line "${unknown}" for --only, it must be one of:${known}`);
  }
  const isAsked = ({ name }: { readonly name: string }) => only.includes(name);
  return { scenarios: scenarios.filter(isAsked), techniques: techniques.filter(isAsked) };
}

/** The highest loads against TPC-B, and what each technique of the hot path saves. */
export async function measureRatios(options: RatioOptions): Promise<void> {
  const { effortName, relayCount, processorCount, lines, say } = options;
  const startedAtMs = clock.nowMs();
  const machine = await machineFacts("");
  const mesh = { effort: EFFORTS[effortName], relayCount, processorCount, say };
  // First, because it needs most of the machine: when that is too small, nothing else is lost.
  const techniques = await compareTechniques({ ...mesh, techniques: lines.techniques });
  const loads = await measureHighestLoads({ ...mesh, scenarios: lines.scenarios });
  const result: BenchResult = {
    startedAt: new Date(startedAtMs).toISOString(),
    effort: effortName,
    machine: { ...machine, tpcb: loads.tpcb },
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
