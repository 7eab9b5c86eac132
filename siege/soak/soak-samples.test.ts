import { expect, test } from "vitest";
import { riseMaxOf } from "./soak-samples.ts";

const MIB = 2 ** 20;
const MINUTE_MS = 60_000;

const over = (minutes: number, value = 0) => [
  { atMs: 5, value: 0 },
  { atMs: 5 + minutes * MINUTE_MS, value },
];

test.each([
  { figure: "used" as const, points: over(60), is: 7 * MIB },
  { figure: "used" as const, points: over(15), is: 4 * MIB },
  { figure: "resident" as const, points: over(60, 200 * MIB), is: 10 * MIB },
  { figure: "descriptors" as const, points: over(60), is: 3 },
  { figure: "threads" as const, points: over(60), is: 1 },
  { figure: "connections" as const, points: over(60), is: 10 },
])("what $figure may rise by: $is", ({ figure, points, is }) => {
  expect(riseMaxOf(figure, points)).toBeCloseTo(is, 6);
});
