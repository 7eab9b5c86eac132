import { expect, test } from "vitest";
import type { Compared } from "../measure/fixed-rate.ts";
import type { MeasuredRun } from "../measure/measured-run.ts";
import { medianRun } from "../measure/median-run.ts";
import { comparisonTable } from "./comparison.ts";

/** Rounds in which relay, processor and PostgreSQL together took so many microseconds. */
function compared(name: string, micros: readonly number[]): Compared {
  const runs = micros.map((all): MeasuredRun => {
    const cost = { cpuMicrosPerPayment: all / 3, writtenBytesPerPayment: 0, memoryMiBMax: 0 };
    return {
      offeredPerSecond: 1,
      completed: 1,
      sentForMs: 1,
      tookMs: 1,
      completedPerSecond: 1,
      measured: 1,
      generatorLateMs: 0,
      generatorMicros: 0,
      repeated: 0,
      failed: 0,
      failures: {},
      seconds: [],
      latencyMs: { p50: 1, p90: 1, p99: 1, p999: 1, max: 1 },
      cost: { relay: cost, processor: cost, PostgreSQL: cost, "load generator": cost },
      walBytesPerPayment: 0,
      walImagesPerPayment: 0,
      loopbackBytesPerPayment: 0,
      foreignShare: 0,
    };
  });
  return { name, runs, median: medianRun(runs) };
}

test("a mesh is compared with the first in the same round, for the machine drifts", () => {
  // The machine becomes slower from round to round, and one round of the second is an outlier: the
  // quotient of the two medians would be 2.40.
  const table = comparisonTable("at 1/s", [
    compared("first", [1_000, 2_000, 4_000]),
    compared("second", [1_200, 9_000, 4_800]),
  ]);
  expect(table.split("\n").map((line) => line.trimEnd().split(/ {2,}/))).toEqual([
    expect.arrayContaining(["at 1/s", "all µs", "÷ first"]),
    ["first", "1.0", "1.0", "667", "667", "667", "2000", "1.00", "0", "0.00"],
    ["second", "1.0", "1.0", "1600", "1600", "1600", "4800", "1.20", "0", "0.00"],
  ]);
});
