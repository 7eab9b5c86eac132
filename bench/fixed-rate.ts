import type { BenchBed } from "./bench-bed.ts";
import type { LoadGenerator } from "./load/load-generator.ts";
import { type MeasuredRun, measureRun } from "./measured-run.ts";
import { lineOf, type MedianRun, medianRun } from "./median-run.ts";
import { aligned, ms } from "./report/columns.ts";

/** One of several meshes that are compared at the same load. */
export interface Contender {
  readonly name: string;
  readonly bed: BenchBed;
  readonly load: LoadGenerator;
}

export interface FixedRate {
  readonly paymentsPerSecond: number;
  readonly warmUpMs: number;
  readonly runMs: number;
  /** A first one, which warms up, is not counted. */
  readonly rounds: number;
  /** The length of that first one; by default the same. */
  readonly heatMs?: number;
}

export interface Compared {
  readonly name: string;
  readonly median: MedianRun;
  readonly runs: readonly MeasuredRun[];
}

/** What a payment costs each contender at the same load. They take turns, as machines drift. */
export async function compareInTurns(
  contenders: readonly Contender[],
  rate: FixedRate,
  say: (line: string) => void,
): Promise<readonly Compared[]> {
  const runs = new Map<string, MeasuredRun[]>(contenders.map(({ name }) => [name, []]));
  const { paymentsPerSecond, warmUpMs, runMs, heatMs = runMs } = rate;
  const mix = { pinShare: 0, repeatShare: 0, paymentsPerSecond, warmUpMs };
  for (let round = 0; round <= rate.rounds; round += 1) {
    for (const { name, bed, load } of contenders) {
      const plan = { ...mix, seed: round + 1, durationMs: round === 0 ? heatMs : runMs };
      const run = await measureRun(load, plan, bed.systemWith(load));
      say(`  ${name.padEnd(20)} ${lineOf(run)}${round === 0 ? " (warm-up)" : ""}`);
      if (round > 0) runs.get(name)?.push(run);
    }
  }
  return [...runs].map(([name, ofOne]) => ({ name, median: medianRun(ofOne), runs: ofOne }));
}

const PROGRAMS = ["relay", "processor", "PostgreSQL"] as const;

/** A line for each, and how it stands to the first. */
export function comparisonTable(title: string, all: readonly Compared[]): string {
  const head = ["p50 ms", "p99 ms", ...PROGRAMS.map((name) => `${name} µs`), "all µs", "÷ first"];
  const cpuOf = ({ median }: Compared, program: string) =>
    median.cost[program]?.cpuMicrosPerPayment ?? Number.NaN;
  const cpu = (one: Compared) => PROGRAMS.reduce((sum, name) => sum + cpuOf(one, name), 0);
  const [first] = all;
  const rows = all.map((one) => [
    one.name,
    ms(one.median.latencyMs.p50),
    ms(one.median.latencyMs.p99),
    ...PROGRAMS.map((name) => cpuOf(one, name).toFixed(0)),
    cpu(one).toFixed(0),
    (cpu(one) / (first === undefined ? Number.NaN : cpu(first))).toFixed(2),
    one.median.walBytesPerPayment.toFixed(0),
    one.median.walImagesPerPayment.toFixed(2),
  ]);
  return aligned([[title, ...head, "WAL B", "images"], ...rows]);
}
