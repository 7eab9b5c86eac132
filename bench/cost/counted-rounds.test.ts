import { describe, expect, test } from "vitest";
import { countRounds, spreadOf } from "./counted-rounds.ts";
import type { Round } from "./round.ts";

const tpcb = { postgresMicros: 500, clientMicros: 100, perSecond: 2_000, foreignShare: 0 };

function rounds(
  count: number,
  { faults = [], foreignShare = 0 }: { faults?: readonly string[]; foreignShare?: number } = {},
): Round[] {
  const times = { loadMicros: 1, perSecond: 1, p50: 1, p99: 1, loadMs: 1 };
  const run = { micros: { relay: 1 }, ...times, faults, foreignShare };
  return Array.from({ length: count }, () => ({ before: tpcb, run, after: tpcb }));
}

describe("rounds that count", () => {
  test.each([
    { what: "all", all: rounds(6), counted: 6 },
    { what: "just enough", all: [...rounds(4), ...rounds(9, { faults: ["x"] })], counted: 4 },
  ])("are a figure: $what", ({ all, counted }) => {
    expect(countRounds(all)).toMatchObject({ all: all.length, notMeasured: undefined });
    expect(countRounds(all).counted).toHaveLength(counted);
  });

  test.each([
    { what: "none at all", all: [], says: "not measured: 0 of 0 rounds count, 4 must" },
    { what: "three", all: rounds(3), says: "not measured: 3 of 3 rounds count, 4 must" },
    {
      what: "three of six",
      all: [
        ...rounds(3),
        ...rounds(1, { foreignShare: 0.2 }),
        ...rounds(1, { foreignShare: 0.31 }),
        ...rounds(1, { faults: ["rate not reached: 90/s of 200/s"], foreignShare: 0.5 }),
      ],
      says:
        "not measured: 3 of 6 rounds count, 4 must; 3 lost by foreign CPU; " +
        "1 lost by rate not reached",
    },
    {
      what: "failures of two kinds",
      all: [
        ...rounds(1, { faults: ["failures: 3 (NO_ANSWER)"] }),
        ...rounds(2, { faults: ["failures: 12 (NO_STREAM)"] }),
      ],
      says: "not measured: 0 of 3 rounds count, 4 must; 3 lost by failures",
    },
  ])("are too few: $what", ({ all, says }) => {
    expect(countRounds(all).notMeasured).toBe(says);
  });
});

describe("the middle and the ends", () => {
  test.each([
    { values: [3], spread: { median: 3, lowest: 3, highest: 3 } },
    { values: [9, 1, 2], spread: { median: 2, lowest: 1, highest: 9 } },
    { values: [4, 1, 10, 2], spread: { median: 3, lowest: 1, highest: 10 } },
    { values: [], spread: { median: Number.NaN, lowest: Number.NaN, highest: Number.NaN } },
  ])("of $values", ({ values, spread }) => {
    expect(spreadOf(values)).toEqual(spread);
  });
});
