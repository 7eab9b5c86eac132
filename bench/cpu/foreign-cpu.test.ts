import { describe, expect, test } from "vitest";
import { foreignShare } from "./foreign-cpu.ts";

const moment = (processes: number, stolen: number, all: number, ours: number) => ({
  machine: { processes, stolen, all },
  ours,
});

describe("what others took of all cores", () => {
  const before = moment(1_000, 50, 9_000, 400);

  test.each([
    { what: "nothing", after: moment(1_600, 50, 9_800, 1_000), share: 0 },
    { what: "a process", after: moment(1_680, 50, 9_800, 1_000), share: 0.1 },
    { what: "another machine of the host", after: moment(1_600, 130, 9_800, 1_000), share: 0.1 },
    { what: "all", after: moment(1_800, 50, 9_800, 400), share: 1 },
    {
      what: "ticks are counted at other moments",
      after: moment(1_595, 50, 9_800, 1_000),
      share: 0,
    },
    { what: "no time has passed", after: before, share: 0 },
  ])("$what: $share", ({ after, share }) => {
    expect(foreignShare(before, after)).toBeCloseTo(share, 6);
  });
});
