import { expect, test } from "vitest";
import { brokenBounds, type Measured, p99Ratio } from "./verdict.ts";

const MIB = 2 ** 20;
const figures = { residentBytes: 100 * MIB, usedBytes: 40 * MIB, descriptors: 30 };
const HELD: Measured = {
  attack: "tiny frames",
  victim: "relay",
  before: figures,
  after: figures,
  calmPeakBytes: 130 * MIB,
  peakBytes: 150 * MIB,
  calmMs: [10, 11, 12],
  attackedMs: [10, 20, 24],
  failures: [],
  held: 3,
  death: undefined,
  unfair: [],
  told: "",
};

test("an attack within all bounds is held", () => {
  expect(p99Ratio(HELD)).toBe(2);
  expect(brokenBounds(HELD)).toEqual([]);
});

test.each([
  { name: "the peak", changed: { peakBytes: 195 * MIB }, says: "peak +65.0 MiB, bound 64.0 MiB" },
  {
    name: "what is kept",
    changed: { after: { ...figures, usedBytes: 45 * MIB } },
    says: "kept 5.0 MiB, bound 4.0 MiB",
  },
  {
    name: "descriptors",
    changed: { after: { ...figures, descriptors: 36 } },
    says: "6 descriptors left, bound 5",
  },
  { name: "p99", changed: { attackedMs: [10, 20, 25] }, says: "p99 ×2.08, bound ×2" },
  {
    name: "a payment without an answer",
    changed: { attackedMs: [10, Number.POSITIVE_INFINITY] },
    says: "p99 ×Infinity, bound ×2",
  },
  {
    name: "payments that fail without the attack, too: nothing was measured",
    changed: { calmMs: [Number.POSITIVE_INFINITY], attackedMs: [Number.POSITIVE_INFINITY] },
    says: "p99 ×NaN, bound ×2",
  },
  { name: "a share", changed: { unfair: ["too much"] }, says: "too much" },
  { name: "a failure", changed: { failures: ["no"] }, says: "1 payments failed: no" },
  { name: "a death", changed: { death: "relay ended" }, says: "relay ended" },
])("a bound is broken: $name", ({ changed, says }) => {
  expect(brokenBounds({ ...HELD, ...changed })).toEqual([says]);
});
