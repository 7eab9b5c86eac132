import { describe, expect, test } from "vitest";
import { faultsOf } from "./mesh-contender.ts";

const open = { paymentsPerSecond: 1_000, warmUpMs: 500, durationMs: 4_000 };
const closed = { ...open, onTheWay: 600 };
const done = { failed: 0, failures: {}, completed: 4_500, sentForMs: 4_480, tookMs: 4_530 };

describe("a run is a measurement", () => {
  test.each([
    { what: "at its rate", run: done, plan: open },
    { what: "that ended a little late", run: { ...done, tookMs: 4_990 }, plan: open },
    { what: "in a closed loop, at any rate", run: { ...done, completed: 9 }, plan: closed },
  ])("$what", ({ run, plan }) => {
    expect(faultsOf(run, plan)).toEqual([]);
  });
});

describe("a run is no measurement", () => {
  const failed = { failed: 2, failures: { NO_ANSWER: 1, OVERLOADED: 1 } };

  test.each([
    {
      what: "when payments failed",
      run: { ...done, ...failed },
      plan: closed,
      faults: ["failures: 2 (NO_ANSWER, OVERLOADED)"],
    },
    {
      what: "when the mesh fell behind",
      run: { ...done, tookMs: 5_625 },
      plan: open,
      faults: ["rate not reached: 800/s of 1000/s"],
    },
    {
      what: "when payments failed and the mesh fell behind",
      run: { ...done, ...failed, tookMs: 9_000 },
      plan: open,
      faults: ["failures: 2 (NO_ANSWER, OVERLOADED)", "rate not reached: 500/s of 1000/s"],
    },
    {
      what: "when a closed loop ran out of payments",
      run: { ...done, sentForMs: 3_000 },
      plan: closed,
      faults: ["too few payments ready"],
    },
  ])("$what", ({ run, plan, faults }) => {
    expect(faultsOf(run, plan)).toEqual(faults);
  });
});
