import { expect, test } from "vitest";
import { LedgerDays } from "./ledger-days.ts";

const NOON = Date.UTC(2026, 0, 2, 12);
const HOUR = 3_600_000;

test.each([
  ["a clock that stays right", [0, 1, 2], 1],
  ["a clock that is put back within the day", [0, -2, 0], 1],
  ["a clock that is put to yesterday and back", [0, -24, 0], 2],
  ["a clock that is put to tomorrow and back", [0, 24, 1], 2],
  ["a clock that is put to another year twice", [0, 8_760, 1, -8_760, 2], 3],
])("%s", (_name, hours, times) => {
  const days = new LedgerDays();
  for (const hour of hours) days.at(NOON + hour * HOUR);
  expect(days.timesBegun(20_260_102)).toBe(times);
  expect(days.timesBegun(20_300_101)).toBe(0);
});
