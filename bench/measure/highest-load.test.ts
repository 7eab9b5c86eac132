import { describe, expect, test } from "vitest";
import { findHighestLoad, type LoadRun } from "./highest-load.ts";

/** A system whose p99 leaps over the limit at `capacity`, except in the runs numbered. */
function system(capacity: number, odd: Readonly<Record<number, number>> = {}) {
  let count = 0;
  let between = 0;
  const run = async (offeredPerSecond: number): Promise<LoadRun> => {
    count += 1;
    const p99 = odd[count] ?? (offeredPerSecond <= capacity ? 20 : 5_000);
    return { offeredPerSecond, latencyMs: { p99 } };
  };
  const beforeEach = async () => {
    between += 1;
  };
  return { run, beforeEach, betweenCount: () => between };
}

const PLAN = { startPerSecond: 1_000, tries: 3, rounds: 3, halvings: 4, stepsDown: 6 };

describe("the highest load", () => {
  test.each([
    { name: "above the start", capacity: 4_000 },
    { name: "below the start", capacity: 130 },
    { name: "at the start", capacity: 1_000 },
  ])("is found within 5 % when it is $name", async ({ capacity }) => {
    const found = await findHighestLoad({ ...PLAN, ...system(capacity) });
    expect(found.paymentsPerSecond).toBeLessThanOrEqual(capacity);
    expect(found.paymentsPerSecond).toBeGreaterThan(capacity * 0.95);
    expect(found.rounds).toHaveLength(3);
  });

  test("is confirmed by the median: one slow round does not count", async () => {
    // 1,000 is tried once and 1,500 twice; without halving the rounds are runs 4, 5 and 6.
    const found = await findHighestLoad({
      ...PLAN,
      halvings: 0,
      ...system(1_200, { 5: 900 }),
    });
    expect(found.paymentsPerSecond).toBe(1_000);
    expect(found.rounds.map(({ latencyMs }) => latencyMs.p99)).toEqual([20, 900, 20]);
  });

  test("is lower when two rounds of three are slow", async () => {
    const found = await findHighestLoad({
      ...PLAN,
      halvings: 0,
      ...system(1_200, { 4: 900, 5: 900 }),
    });
    expect(found.paymentsPerSecond).toBe(850);
    // The third round at 1,000 could not have changed it.
    expect(found.tried).toHaveLength(8);
  });

  test.each([
    { name: "one slow run of three is not believed", odd: { 1: 900 }, next: [1_000, 1_500] },
    { name: "two slow runs are enough", odd: { 1: 900, 2: 900 }, next: [667, 1_000] },
    {
      name: "one fast run between two slow ones is not",
      odd: { 1: 900, 3: 900 },
      next: [1_000, 667],
    },
  ])("in the search $name", async ({ odd, next }) => {
    const plan = { ...PLAN, halvings: 0 };
    const found = await findHighestLoad({ ...plan, ...system(1_200, odd) });
    const offered = found.tried.map(({ offeredPerSecond }) => offeredPerSecond);
    expect(offered.slice(0, 4)).toEqual([1_000, 1_000, ...next]);
  });

  test("in a search of single tries a slow run is believed", async () => {
    const plan = { ...PLAN, tries: 1, halvings: 0 };
    const found = await findHighestLoad({ ...plan, ...system(1_200, { 1: 900 }) });
    const offered = found.tried.map(({ offeredPerSecond }) => offeredPerSecond);
    expect(offered.slice(0, 3)).toEqual([1_000, 667, 1_000]);
  });

  test("is none when nothing passes", async () => {
    const found = await findHighestLoad({ ...PLAN, ...system(0) });
    expect(found).toMatchObject({ paymentsPerSecond: 0 });
    expect(found.rounds).toHaveLength(2);
  });

  test("is interleaved: something else runs before each round", async () => {
    const measured = system(4_000);
    await findHighestLoad({ ...PLAN, ...measured });
    expect(measured.betweenCount()).toBe(3);
  });
});
