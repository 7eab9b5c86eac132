import { expect, test } from "vitest";
import { type Part, paymentPages } from "./payment-pages.ts";

interface Row {
  readonly merchantId: string;
  readonly paymentId: string;
}

function isIn(row: Row, { merchantId, paymentId = {} }: Part): boolean {
  if (typeof merchantId === "object" && row.merchantId <= merchantId.gt) return false;
  if (typeof merchantId === "string" && row.merchantId !== merchantId) return false;
  const { gt, gte, lt } = paymentId;
  if (gt !== undefined && row.paymentId <= gt) return false;
  if (gte !== undefined && row.paymentId < gte) return false;
  return lt === undefined || row.paymentId < lt;
}

/** Rows as a database finds them, and what it was asked. */
function tableOf(keys: readonly string[]) {
  const rows = keys.toSorted().map((key) => ({ merchantId: key.slice(0, 1), paymentId: key }));
  const takes: number[] = [];
  const find = async (where: Part, take: number) => {
    takes.push(take);
    return rows.filter((row) => isIn(row, where)).slice(0, take);
  };
  return { find, takes };
}

test.each([
  { keys: [], size: 2, pages: [] },
  { keys: ["A1"], size: 2, pages: ["A1"] },
  { keys: ["A1", "A2"], size: 2, pages: ["A1 A2"] },
  { keys: ["A1", "A2", "A3"], size: 2, pages: ["A1 A2", "A3"] },
  { keys: ["C1", "A2", "B1", "A1"], size: 2, pages: ["A1 A2", "B1 C1"] },
  { keys: ["A1", "B1", "B2", "B3", "C1"], size: 2, pages: ["A1 B1", "B2 B3", "C1"] },
  { keys: ["A1", "A2", "B1", "C1"], size: 3, pages: ["A1 A2 B1", "C1"] },
  { keys: ["A1", "B1"], size: 1, pages: ["A1", "B1"] },
])("pages of $size of $keys", async ({ keys, size, pages }) => {
  const { find, takes } = tableOf(keys);
  const read: string[] = [];
  for await (const rows of paymentPages(size, {}, find)) {
    read.push(rows.map(({ paymentId }) => paymentId).join(" "));
  }
  expect(read).toEqual(pages);
  expect(Math.max(...takes)).toBe(size);
});

test.each([
  { within: { merchantId: "B" }, pages: ["B1 B2", "B3"] },
  { within: { merchantId: "D" }, pages: [] },
  { within: { merchantId: "B", from: "B2" }, pages: ["B2 B3"] },
  { within: { merchantId: "B", below: "B3" }, pages: ["B1 B2"] },
  { within: { merchantId: "B", from: "B2", below: "B3" }, pages: ["B2"] },
  { within: { from: "A2", below: "C1" }, pages: ["A2 B1", "B2 B3"] },
])("pages within $within", async ({ within, pages }) => {
  const { find } = tableOf(["A1", "A2", "B1", "B2", "B3", "C1"]);
  const read: string[] = [];
  for await (const rows of paymentPages(2, within, find)) {
    read.push(rows.map(({ paymentId }) => paymentId).join(" "));
  }
  expect(read).toEqual(pages);
});
