import fc from "fast-check";
import { expect, test } from "vitest";
import { growthOf, type Point, theilSenSlope } from "./growth.ts";

const line = (count: number, valueAt: (index: number) => number): Point[] =>
  Array.from({ length: count }, (_, index) => ({ atMs: index * 1_000, value: valueAt(index) }));

const growth = (points: readonly Point[], riseMax: number) =>
  growthOf({ name: "x", points, riseMax });

test("the slope of a line is its slope", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -999, max: 999 }),
      fc.integer({ min: 2, max: 30 }),
      (step, count) => {
        expect(theilSenSlope(line(count, (index) => 5 + step * index))).toBeCloseTo(
          step / 1_000,
          9,
        );
      },
    ),
  );
});

test("a quarter of wild points does not move it far", () => {
  const steady = line(20, (index) => (index % 4 === 0 ? 1e9 : 100 + (index % 3)));
  expect(Math.abs(theilSenSlope(steady))).toBeLessThan(0.001);
});

test.each([
  { name: "flat", valueAt: () => 7, isGrowing: false },
  { name: "falling", valueAt: (index: number) => -index, isGrowing: false },
  {
    name: "noise around the same",
    valueAt: (index: number) => 100 + 9 * (-1) ** index,
    isGrowing: false,
  },
  {
    name: "a warm-up, then flat",
    valueAt: (index: number) => Math.min(index, 10) * 100,
    isGrowing: false,
  },
  { name: "rising by less than it may", valueAt: (index: number) => index * 0.4, isGrowing: false },
  { name: "rising by more", valueAt: (index: number) => index * 0.6, isGrowing: true },
  {
    name: "rising under noise",
    valueAt: (index: number) => index * 2 + 9 * (-1) ** index,
    isGrowing: true,
  },
])("$name", ({ valueAt, isGrowing }) => {
  // Twenty points are left of thirty: from the eleventh to the last there are 19 steps.
  expect(growth(line(30, valueAt), 10).isGrowing).toBe(isGrowing);
});

test("the rise is from the end of the warm-up to the last point", () => {
  expect(
    growth(
      line(30, (index) => index * 2),
      10,
    ),
  ).toMatchObject({ rise: 38, riseMax: 10 });
});

test("too few points are no verdict", () => {
  expect(() =>
    growth(
      line(5, () => 1),
      10,
    ),
  ).not.toThrow();
  expect(() =>
    growth(
      line(4, () => 1),
      10,
    ),
  ).toThrow("a verdict needs 4 points, got 3");
});
