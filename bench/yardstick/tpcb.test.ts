import { describe, expect, test } from "vitest";
import { parsePgbench } from "./tpcb.ts";

const SAID = `pgbench (15.18 (Debian 15.18-0+deb12u1), server 18.4)
transaction type: <builtin: TPC-B (sort of)>
number of clients: 8
number of transactions actually processed: 10234
number of failed transactions: 0 (0.000%)
latency average = 3.125 ms
initial connection time = 12.345 ms
tps = 2560.250000 (without initial connection time)
`;
const NOTHING = `number of transactions actually processed: 0
number of failed transactions: 0 (NaN%)
`;
const OLD = `number of transactions actually processed: 77
tps = 1.5 (including connections establishing)
tps = 2.5 (excluding connections establishing)
`;

describe("what pgbench says", () => {
  test.each([
    { what: "today", said: SAID, read: { transactions: 10_234, perSecond: 2_560.25 } },
    { what: "when it did nothing", said: NOTHING, read: { transactions: 0, perSecond: 0 } },
    { what: "up to version 13", said: OLD, read: { transactions: 77, perSecond: 2.5 } },
  ])("is read: $what", ({ said, read }) => {
    expect(parsePgbench(said)).toEqual(read);
  });

  test.each([
    { what: "nothing", said: "" },
    { what: "no rate", said: SAID.replace(/^tps.*$/m, "") },
    { what: "no count", said: SAID.replace(/^number of trans.*$/m, "") },
    {
      what: "nothing but failures",
      said: NOTHING.replace("failed transactions: 0", "failed transactions: 3"),
    },
    { what: "failures", said: SAID.replace("failed transactions: 0", "failed transactions: 12") },
  ])("is not taken: $what", ({ said }) => {
    expect(() => parsePgbench(said)).toThrow("pgbench did not say");
  });
});
