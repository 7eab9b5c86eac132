import { aligned, ms } from "../columns.ts";
import { medianOf } from "../load/quantiles.ts";
import type { Compared } from "../measure/fixed-rate.ts";
import type { MeasuredRun } from "../measure/measured-run.ts";

const PROGRAMS = ["relay", "processor", "PostgreSQL"] as const;

/** A line for each, and how it stands to the first. */
export function comparisonTable(title: string, all: readonly Compared[]): string {
  const head = ["p50 ms", "p99 ms", ...PROGRAMS.map((name) => `${name} µs`), "all µs", "÷ first"];
  const [first] = all;
  const rows = all.map(({ name, median, runs }) => [
    name,
    ms(median.latencyMs.p50),
    ms(median.latencyMs.p99),
    ...PROGRAMS.map((program) => (median.cost[program]?.cpuMicrosPerPayment ?? 0).toFixed(0)),
    medianOf(runs.map(cpuMicros)).toFixed(0),
    toFirst(runs, first?.runs ?? []).toFixed(2),
    median.walBytesPerPayment.toFixed(0),
    median.walImagesPerPayment.toFixed(2),
  ]);
  return aligned([[title, ...head, "WAL B", "images"], ...rows]);
}

/** The median of the rounds: runs that took turns saw the same machine. */
function toFirst(runs: readonly MeasuredRun[], first: readonly MeasuredRun[]): number {
  return medianOf(runs.map((run, round) => cpuMicros(run) / cpuMicros(first[round] ?? run)));
}

function cpuMicros({ cost }: MeasuredRun): number {
  return PROGRAMS.reduce((sum, name) => sum + (cost[name]?.cpuMicrosPerPayment ?? 0), 0);
}
