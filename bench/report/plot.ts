import type { BenchResult } from "../measure/bench-result.ts";
import { bars } from "./bars.ts";

const COLUMNS = 50;

/** Bars in plain text: one block is the same number of operations per second everywhere. */
export function plotOf(result: BenchResult): string {
  const all = bars(result);
  const most = Math.max(...all.map(({ perSecond }) => perSecond));
  const nameColumns = Math.max(...all.map(({ name }) => name.length));
  return all
    .map(({ name, perSecond }) => {
      const length = Math.round((perSecond / most) * COLUMNS);
      return `${name.padEnd(nameColumns)}  ${"█".repeat(length)} ${perSecond.toFixed(0)}`;
    })
    .join("\n");
}
