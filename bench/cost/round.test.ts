import { describe, expect, test } from "vitest";
import { figuresOf, type Round, reasonsAgainst } from "./round.ts";

const tpcb = { postgresMicros: 500, clientMicros: 100, perSecond: 2_000, foreignShare: 0 };
const run = {
  micros: { relay: 100, processor: 150, "pin-service": 0, PostgreSQL: 50 },
  loadMicros: 100,
  perSecond: 3_000,
  p50: 1,
  p99: 2,
  foreignShare: 0,
  faults: [],
  loadMs: 4_000,
};
const round: Round = { before: tpcb, run, after: tpcb };

describe("what a round says", () => {
  test("of CPU and of throughput", () => {
    expect(figuresOf(round)).toEqual({
      costRatio: 2,
      costRatioWithLoad: 1.5,
      throughputRatio: 1.5,
      transactionMicros: 600,
      paymentMicros: 300,
    });
  });

  test("is held against the mean of the yardstick before and after", () => {
    const after = { ...tpcb, postgresMicros: 1_000, clientMicros: 200, perSecond: 1_000 };
    const drifted = figuresOf({ ...round, after });
    expect(drifted).toMatchObject({ costRatio: 3, throughputRatio: 2, transactionMicros: 900 });
    expect(figuresOf({ ...round, before: after, after: tpcb })).toEqual(drifted);
  });
});

describe("a round counts", () => {
  test.each([
    { what: "alone on the machine", round },
    { what: "with others at the limit", round: { ...round, run: { ...run, foreignShare: 0.1 } } },
  ])("$what", ({ round: one }) => {
    expect(reasonsAgainst(one)).toEqual([]);
  });
});

describe("a round does not count", () => {
  const busy = { ...tpcb, foreignShare: 0.11 };
  const failed = { ...run, faults: ["failures: 3 (NO_ANSWER)"] };

  test.each([
    {
      what: "with others in it",
      round: { ...round, run: { ...run, foreignShare: 0.3 } },
      reasons: ["foreign CPU 30 %"],
    },
    {
      what: "with others before it",
      round: { ...round, before: busy },
      reasons: ["foreign CPU 11 %"],
    },
    {
      what: "with others after it",
      round: { ...round, after: busy },
      reasons: ["foreign CPU 11 %"],
    },
    {
      what: "when TPC-B did nothing",
      round: { ...round, after: { ...tpcb, perSecond: 0 } },
      reasons: ["no transaction of TPC-B"],
    },
    { what: "with a failure", round: { ...round, run: failed }, reasons: failed.faults },
    {
      what: "with both",
      round: { ...round, run: failed, after: busy },
      reasons: [...failed.faults, "foreign CPU 11 %"],
    },
  ])("$what", ({ round: one, reasons }) => {
    expect(reasonsAgainst(one)).toEqual(reasons);
  });
});
