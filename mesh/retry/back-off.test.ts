import { expect, test } from "vitest";
import { BackOff } from "./back-off.ts";

const waitsOf = (backOff: BackOff, count: number) =>
  Array.from({ length: count }, () => backOff.nextMs());

test.each([
  { name: "the longest", jitter: 1, certainShare: 0, waits: [100, 200, 400, 500, 500] },
  { name: "half", jitter: 0.5, certainShare: 0, waits: [50, 100, 200, 250, 250] },
  { name: "a whole number", jitter: 0.123, certainShare: 0, waits: [13, 25, 50, 62] },
  { name: "the shortest", jitter: 0, certainShare: 0, waits: [0, 0, 0, 0, 0] },
  { name: "no less than the certain half", jitter: 0, certainShare: 0.5, waits: [50, 100, 200] },
  { name: "between certain half and all", jitter: 0.5, certainShare: 0.5, waits: [75, 150, 300] },
])("waits double up to the longest one: $name", ({ jitter, certainShare, waits }) => {
  const backOff = new BackOff({ msMin: 100, msMax: 500, certainShare, jitter: () => jitter });
  expect(waitsOf(backOff, waits.length)).toEqual(waits);
});

test("after a success the first wait comes again", () => {
  const backOff = new BackOff({ msMin: 100, msMax: 500, jitter: () => 1 });
  expect(waitsOf(backOff, 3)).toEqual([100, 200, 400]);
  backOff.reset();
  expect(backOff.nextMs()).toBe(100);
});

test("two that failed at once wait for different times", () => {
  const drawn = [0.2, 0.9];
  const waits = drawn.map((one) => new BackOff({ msMin: 100, msMax: 500, jitter: () => one }));
  expect(waits.map((backOff) => backOff.nextMs())).toEqual([20, 90]);
});

test("a failure that never ends does not overflow", () => {
  const backOff = new BackOff({ msMin: 100, msMax: 500, jitter: () => 1 });
  expect(waitsOf(backOff, 2_000).at(-1)).toBe(500);
});
