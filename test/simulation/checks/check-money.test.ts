import { expect, test } from "vitest";
import { checkInvariants } from "./check-invariants.ts";
import { change, soundRun } from "./sound-run.ts";

test.each([
  { what: "what a day allows", limit: 2, timesPutBack: 0, problems: 0 },
  { what: "twice what a day allows", limit: 1, timesPutBack: 0, problems: 3 },
  { what: "that on a day that began twice", limit: 1, timesPutBack: 1, problems: 0 },
  { what: "more than no day allows", limit: 0, timesPutBack: 1, problems: 4 },
])("a card that paid $what has $problems problems", ({ limit, timesPutBack, problems }) => {
  const { end, seen } = soundRun();
  change(end.accounts, 0, {
    daily_amount_minor_max: BigInt(limit) * 750n,
    daily_count_max: limit,
  });
  seen.timesLedgerPutBack = timesPutBack;
  expect(checkInvariants(end, seen)).toHaveLength(problems);
});
