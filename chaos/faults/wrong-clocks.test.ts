import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { CLOCK_OWNERS, WrongClocks } from "./wrong-clocks.ts";

const directory = mkdtempSync(join(tmpdir(), "cardlane-clocks-"));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("each program reads its own clock's error, and hears when it is put right", () => {
  const clocks = new WrongClocks("/lib/libfaketimeMT.so.1", directory, () => 0);
  const read = (owner: (typeof CLOCK_OWNERS)[number]) => {
    const { LD_PRELOAD, FAKETIME_TIMESTAMP_FILE = "" } = clocks.environmentOf(owner);
    expect(LD_PRELOAD).toBe("/lib/libfaketimeMT.so.1");
    return readFileSync(FAKETIME_TIMESTAMP_FILE, "utf8");
  };
  clocks.put("relay", 7_200);
  clocks.put("postgres", -86_400);
  expect(read("relay")).toBe("+7200\n");
  expect(read("postgres")).toBe("-86400\n");
  expect(read("relay-2")).toBe("+0\n");
  expect(clocks.wrong).toEqual(["relay", "postgres"]);
  expect(clocks.aheadMs("postgres")).toBe(-86_400_000);

  clocks.heal();
  expect(CLOCK_OWNERS.map(read)).toEqual(CLOCK_OWNERS.map(() => "+0\n"));
  expect(clocks.wrong).toEqual([]);
});
