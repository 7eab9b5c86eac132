import { aligned, ms } from "../columns.ts";
import { medianOf } from "../load/quantiles.ts";
import type { BenchResult, ScenarioResult } from "../measure/bench-result.ts";

/** Tables for a person. */
export function tableOf(result: BenchResult): string {
  const { scenarios } = result;
  return [machineLines(result), ratesTable(scenarios), costTable(scenarios)].join("\n\n");
}

function machineLines({ relays, processors, tpcb, ...result }: BenchResult): string {
  const instances = `relays: ${relays}, processors: ${processors}`;
  return `${machineHead(result)}\n${instances}, mutual TLS, fsync on, TPC-B by ${tpcb}`;
}

/** When, where and with what was measured. */
export function machineHead({
  machine,
  effort,
  startedAt,
}: Pick<BenchResult, "machine" | "effort" | "startedAt">): string {
  const { processor, cores, memoryGiB, system, node, postgres, commit } = machine;
  return [
    `${startedAt} (${effort}), commit ${commit}`,
    `${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}`,
    `Node ${node}, PostgreSQL ${postgres}; load before: ${machine.loadBefore}`,
  ].join("\n");
}

/** The highest load of each mix. */
export function ratesTable(scenarios: readonly ScenarioResult[]): string {
  const head = [
    "highest load, p99 < 100 ms",
    "payments/s",
    "TPC-B/s",
    "ratio",
    "first ÷ this",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "unloaded p50",
    "foreign CPU",
  ];
  const first = scenarios[0]?.paymentsPerSecond ?? Number.NaN;
  const rows = scenarios.map(({ name, latencyMs, ...one }) => [
    name,
    one.paymentsPerSecond.toFixed(0),
    one.tpcbPerSecond.toFixed(0),
    one.ratio.toFixed(2),
    one.paymentsPerSecond === 0 ? "–" : (first / one.paymentsPerSecond).toFixed(2),
    ms(latencyMs.p50),
    ms(latencyMs.p99),
    ms(latencyMs.p999),
    ms(one.unloadedMs),
    percent(medianOf(one.tried.map(({ foreignShare }) => foreignShare))),
  ]);
  return aligned([head, ...rows]);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

function costTable(scenarios: readonly ScenarioResult[]): string {
  const head = ["cost at that load", "CPU µs", "written B", "peak MiB", "WAL B", "loopback B"];
  const rows = scenarios.flatMap((one) => {
    const programs = Object.entries(one.cost).map(([program, cost]) => [
      `  ${program}`,
      cost.cpuMicrosPerPayment.toFixed(0),
      cost.writtenBytesPerPayment.toFixed(0),
      cost.memoryMiBMax.toFixed(0),
      "",
      "",
    ]);
    const whole = [one.walBytesPerPayment.toFixed(0), one.loopbackBytesPerPayment.toFixed(0)];
    return [[one.name, "", "", "", ...whole], ...programs];
  });
  return `${aligned([head, ...rows])}\n(CPU, bytes: per payment)`;
}
