import type { Quantiles } from "../load/load-messages.ts";
import type { MachineFacts } from "../machine.ts";
import type { EffortName } from "./effort.ts";
import type { MeasuredRun, ProgramCost } from "./measured-run.ts";

/** All that one search for the highest loads found; what is written as JSON. */
export interface BenchResult {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly effort: EffortName;
  readonly machine: MachineFacts;
  /** Which program ran TPC-B. */
  readonly tpcb: string;
  readonly relays: number;
  readonly processors: number;
  readonly scenarios: readonly ScenarioResult[];
}

export interface ScenarioResult {
  readonly name: string;
  readonly design: "mesh" | "naive" | "echo";
  /** Highest offered load with median p99 in the limit; 0 when none was found. */
  readonly paymentsPerSecond: number;
  /** Median of the rounds between this scenario's, best number of clients. */
  readonly tpcbPerSecond: number;
  readonly tpcbClients: number;
  /** paymentsPerSecond ÷ tpcbPerSecond */
  readonly ratio: number;
  /** Medians of the rounds. */
  readonly latencyMs: Quantiles;
  readonly cost: Readonly<Record<string, ProgramCost>>;
  readonly walBytesPerPayment: number;
  readonly loopbackBytesPerPayment: number;
  /** p50 with next to no load, milliseconds. */
  readonly unloadedMs: number;
  /** Every run, in order. */
  readonly tried: readonly MeasuredRun[];
}
