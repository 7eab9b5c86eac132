import { ms } from "../columns.ts";
import type { Quantiles } from "../load/load-messages.ts";
import { medianOf } from "../load/quantiles.ts";
import type { MeasuredRun, ProgramCost } from "./measured-run.ts";

/** What several runs of one kind say together. */
export type MedianRun = Pick<
  MeasuredRun,
  "latencyMs" | "cost" | "walBytesPerPayment" | "walImagesPerPayment" | "loopbackBytesPerPayment"
>;

/** Field by field the median of the rounds. */
export function medianRun(rounds: readonly MeasuredRun[]): MedianRun {
  const median = (fact: (run: MeasuredRun) => number) => medianOf(rounds.map(fact));
  const latency = (name: keyof Quantiles) => median(({ latencyMs }) => latencyMs[name]);
  const programs = Object.keys(rounds[0]?.cost ?? {});
  const cost = programs.map((name): [string, ProgramCost] => {
    const of = (field: keyof ProgramCost) => median((run) => run.cost[name]?.[field] ?? 0);
    return [
      name,
      {
        cpuMicrosPerPayment: of("cpuMicrosPerPayment"),
        writtenBytesPerPayment: of("writtenBytesPerPayment"),
        memoryMiBMax: of("memoryMiBMax"),
      },
    ];
  });
  return {
    latencyMs: {
      p50: latency("p50"),
      p90: latency("p90"),
      p99: latency("p99"),
      p999: latency("p999"),
      max: latency("max"),
    },
    cost: Object.fromEntries(cost),
    walBytesPerPayment: median((run) => run.walBytesPerPayment),
    walImagesPerPayment: median((run) => run.walImagesPerPayment),
    loopbackBytesPerPayment: median((run) => run.loopbackBytesPerPayment),
  };
}

/** One run in a line for a person. */
export function lineOf({ offeredPerSecond, latencyMs, failed, failures }: MeasuredRun): string {
  const { p50, p99, p999 } = latencyMs;
  const said = `${String(offeredPerSecond).padStart(6)}/s  p50 ${ms(p50)} ms, p99 ${ms(p99)} ms`;
  const why = failed === 0 ? "" : `, not approved: ${JSON.stringify(failures)}`;
  return `${said}, p99.9 ${ms(p999)} ms${why}`;
}
