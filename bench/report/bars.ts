import { medianOf } from "../load/quantiles.ts";
import type { BenchResult, ScenarioResult } from "../measure/bench-result.ts";

export interface Bar {
  readonly name: string;
  readonly perSecond: number;
  readonly kind: "yardstick" | ScenarioResult["design"];
}

/** What is shown of a result: the mesh, the yardstick, what is beside it. */
export function bars({ scenarios }: BenchResult): readonly Bar[] {
  const tpcb = medianOf(scenarios.map(({ tpcbPerSecond }) => tpcbPerSecond));
  return [
    { name: "pgbench TPC-B", perSecond: tpcb, kind: "yardstick" },
    ...scenarios.map(({ name, paymentsPerSecond: perSecond, design: kind }) => {
      return { name, perSecond, kind };
    }),
  ];
}
