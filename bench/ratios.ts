import { systemClock as clock } from "../mesh/clock.ts";
import type { BenchResult } from "./bench-result.ts";
import { EFFORTS, type Effort, type EffortName } from "./effort.ts";
import { machineFacts } from "./machine.ts";
import { measureScenarios } from "./measure-scenarios.ts";
import { plotOf } from "./report/plot.ts";
import { svgOf } from "./report/svg.ts";
import { tableOf } from "./report/table.ts";
import { writeResult } from "./results.ts";
import { compareTechniques } from "./techniques.ts";
import { UsageError } from "./usage-error.ts";

export interface RatioOptions {
  readonly effort: EffortName;
  readonly relayCount: number;
  readonly processorCount: number;
  readonly lines: RatioLines;
  readonly say: (line: string) => void;
}

/** What is measured: a line of the tables each. */
export type RatioLines = Pick<Effort, "scenarios" | "techniques">;

/** The lines that the command line asks for. @throws UsageError naming all there are. */
export function linesOf(effort: EffortName, only: readonly string[] | undefined): RatioLines {
  if (only === undefined) return EFFORTS[effort];
  const all = EFFORTS.thorough;
  const isAsked = ({ name }: { readonly name: string }) => only.includes(name);
  const scenarios = all.scenarios.filter(isAsked);
  const techniques = all.techniques.filter(isAsked);
  if (scenarios.length + techniques.length === only.length) return { scenarios, techniques };
  const names = [...all.scenarios, ...all.techniques].map(({ name }) => `\n  ${name}`);
  throw new UsageError(`--only must be one of:${names.join("")}`);
}

/** The highest loads against TPC-B, then what each technique of the hot path saves. */
export async function measureRatios(options: RatioOptions): Promise<void> {
  const { relayCount, processorCount, lines, say } = options;
  const startedAtMs = clock.nowMs();
  const machine = await machineFacts({ postgres: "embedded", tpcb: "" });
  const effort = EFFORTS[options.effort];
  const mesh = { relayCount, processorCount, say };
  const { versions, scenarios } = await measureScenarios({ ...mesh, effort, ...lines });
  const techniques = await compareTechniques({ ...mesh, effort, ...lines });
  const result: BenchResult = {
    startedAt: new Date(startedAtMs).toISOString(),
    effort: options.effort,
    machine: { ...machine, ...versions },
    relays: relayCount,
    processors: processorCount,
    scenarios,
    techniques,
  };
  const hasLoads = scenarios.length > 0;
  console.log(`\n${tableOf(result)}\n`);
  if (hasLoads) console.log(`${plotOf(result)}\n`);
  const svg = hasLoads ? { svg: svgOf(result) } : {};
  say(writeResult("ratios", result.startedAt, { json: result, ...svg }));
}
