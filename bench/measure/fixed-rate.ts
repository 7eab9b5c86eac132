import type { LoadGenerator } from "../load/load-generator.ts";
import type { BenchBed } from "./bench-bed.ts";
import { type MeasuredRun, measureRun } from "./measured-run.ts";
import { lineOf, type MedianRun, medianRun } from "./median-run.ts";

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
  /** Those that count. */
  readonly rounds: number;
  /** The length of a round before them; by default that of the others. */
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
      say(`  ${name.padEnd(20)} ${lineOf(run)}${round === 0 ? " (heat)" : ""}`);
      if (round > 0) runs.get(name)?.push(run);
    }
  }
  return [...runs].map(([name, ofOne]) => ({ name, median: medianRun(ofOne), runs: ofOne }));
}
