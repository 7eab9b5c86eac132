import { describe, expect, test } from "vitest";
import { dueGapMs, paymentCountOf } from "./due-gap.ts";
import type { LoadPlan } from "./load-messages.ts";
import { seededUniform } from "./seeded-uniform.ts";

const surge = { fromMs: 2_000, untilMs: 5_000, factor: 10, repeatAfterMs: 1_000, patienceMs: 1 };
const steady: LoadPlan = {
  paymentsPerSecond: 100,
  warmUpMs: 1_000,
  durationMs: 9_000,
  pinShare: 0,
  repeatShare: 0,
  seed: 7,
};

describe("when the next payment is due", () => {
  test.each([
    { name: "without a surge", plan: steady, atMs: 3_000, meanMs: 10 },
    { name: "before the surge", plan: { ...steady, surge }, atMs: 1_999, meanMs: 10 },
    { name: "in the surge", plan: { ...steady, surge }, atMs: 2_000, meanMs: 1 },
    { name: "after the surge", plan: { ...steady, surge }, atMs: 5_000, meanMs: 10 },
  ])("$name", ({ plan, atMs, meanMs }) => {
    const uniform = seededUniform(plan.seed);
    const gaps = Array.from({ length: 5_000 }, () => dueGapMs(plan, atMs, uniform()));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    expect(mean / meanMs).toBeCloseTo(1, 1);
  });
});

test.each([
  { name: "without a surge", plan: steady, count: 1_000 },
  { name: "with one", plan: { ...steady, surge }, count: 3_700 },
])("how many payments: $name", ({ plan, count }) => {
  expect(paymentCountOf(plan)).toBe(count);
});
