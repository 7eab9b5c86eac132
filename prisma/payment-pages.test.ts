import { expect, test } from "vitest";
import { type Part, paymentPages } from "./payment-pages.ts";

interface Row {
  readonly merchantId: string;
  readonly paymentId: string;
}

function isIn(row: Row, where: Part): boolean {
  if (typeof where.merchantId === "object") return row.merchantId > where.merchantId.gt;
  if (!("paymentId" in where)) return true;
  return row.merchantId === where.merchantId && row.paymentId > where.paymentId.gt;
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
  for await (const rows of paymentPages(size, find)) {
    read.push(rows.map(({ paymentId }) => paymentId).join(" "));
  }
  expect(read).toEqual(pages);
  expect(Math.max(...takes)).toBe(size);
});
