import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { TestSpecification, Vitest } from "vitest/node";
import { LONGEST, LongestFirst } from "./longest-first.ts";

const ROOT = join(import.meta.dirname, "../..");
const [longest = "", second = ""] = LONGEST;

describe("the order of test files", () => {
  test.each(LONGEST)("%s is there", (path) => {
    expect(existsSync(join(ROOT, path))).toBe(true);
  });

  test("has the longest first, then the others as vitest has them", async () => {
    const order = await orderOf([
      ["shared", "payment/money.test.ts"],
      ["shared", second],
      ["shared", "payment/kinds.test.ts"],
      ["shared", longest],
    ]);
    expect(order).toEqual([longest, second, "payment/money.test.ts", "payment/kinds.test.ts"]);
  });

  test("keeps the files of a project together", async () => {
    const order = await orderOf([
      ["shared", longest],
      ["own", "relay/relay.test.ts"],
      ["own", second],
    ]);
    expect(order).toEqual([second, "relay/relay.test.ts", longest]);
  });
});

/** Of files that ran before, and took the same time each. */
async function orderOf(rows: readonly (readonly [project: string, path: string])[]) {
  const context = {
    config: { root: ROOT },
    cache: { getTestSpecificationResult: () => ({ failed: false, duration: 1 }) },
  } as unknown as Vitest;
  const files = rows.map(([name, path]) => {
    const config = { sequence: { groupOrder: 0 }, isolate: false };
    return { moduleId: resolve(ROOT, path), project: { name, config } };
  }) as unknown as TestSpecification[];
  const sorted = await new LongestFirst(context).sort(files);
  return sorted.map((file) => rows[files.indexOf(file)]?.[1]);
}
