import { describe, expect, test } from "vitest";
import { type Exploration, explore } from "./checker.ts";
import { logModel } from "./log/log-model.ts";
import { LOG_RULES, type LogRule } from "./log/log-rules.ts";
import type { LogWorld } from "./log/log-state.ts";
import { moneyModel } from "./money/money-model.ts";
import { MONEY_RULES, type MoneyRule } from "./money/money-rules.ts";
import type { MoneyWorld } from "./money/money-state.ts";
import { logWithout, moneyWithout, SMALL_LOG, SMALL_MONEY } from "./worlds.ts";

const UNDONE = "a relay alone undoes nothing that was told";
const ACKNOWLEDGED = "everything is acknowledged in the end";
const LOWER = "nothing is told while a lower position can still commit";
const MISTAKEN = "a receiver takes no event for another";

type Removal<World> = readonly [property: string, world: Partial<World>];

/** Without a rule, the property that breaks, and the smallest world in which it does. */
const MONEY_REMOVALS: Readonly<Record<MoneyRule, Removal<MoneyWorld>>> = {
  epochRaised: [UNDONE, { of: ["relay database restored"] }],
  identityHasStart: [UNDONE, { of: ["relay database copied back"] }],
  asksBeforeReversing: [UNDONE, { of: ["relay standby promoted", "relay database restored"] }],
  flightsKeepTheirEpoch: [UNDONE, { of: ["relay database restored"] }],
  processorFencesEpochs: [UNDONE, { of: ["relay database restored"] }],
  refusedEpochIsRaised: [
    "everything ends",
    { of: ["relay database copied back"], faults: 2, hasPeople: false, hasDeadlines: false },
  ],
  epochHasName: [UNDONE, { of: ["relay database copied back"], faults: 2, hasPeople: false }],
  streamsEndWithTheDatabase: [
    UNDONE,
    {
      of: ["relay database copied back", "processor database restored"],
      faults: 2,
      hasPeople: false,
    },
  ],
  decidesInOneStatement: ["nothing is posted that was told undone", { of: [] }],
  reversingStays: [UNDONE, { of: [] }],
  acknowledgementsRepeated: [ACKNOWLEDGED, { of: ["processor killed"] }],
  acknowledgementConfirmed: [ACKNOWLEDGED, { of: ["processor killed"] }],
  presentedAgain: [ACKNOWLEDGED, { of: ["processor database restored"], hasPeople: false }],
  importsItsOwnWord: [
    "both sides agree in the end",
    { of: ["processor database restored"], hasPeople: false },
  ],
  recoversFromProcessor: [
    "no posting without a party who can learn of it",
    { of: ["relay database restored"] },
  ],
};

const LOG_REMOVALS: Readonly<Record<LogRule, Removal<LogWorld>>> = {
  epochRaised: ["no write fails because its position is taken", {}],
  identityHasStart: [MISTAKEN, {}],
  epochReadInStatement: [LOWER, {}],
  raiseWaitsForWriters: [LOWER, {}],
  tellsBelowRunning: [LOWER, {}],
  boundByWritersOnly: ["everything is told in the end", { of: ["somebody forgets a transaction"] }],
  epochHasName: [MISTAKEN, {}],
  watchRebased: ["everything above a bookmark is told, or the log was reset", {}],
  eventIdHasName: [MISTAKEN, {}],
};

describe("with every rule kept, whatever happens once", () => {
  test("what was told of money stands, and everything ends", () => {
    const { states, violation, stepsToRest, isComplete } = explore(moneyModel(SMALL_MONEY));
    expect(isComplete).toBe(true);
    console.log(`money: ${states} states, rest after ${stepsToRest} steps`);
    expect(violation).toBeUndefined();
    expect(states).toBeGreaterThan(10_000);
  });

  test("a world that is too large is not called right", () => {
    expect(explore(moneyModel(SMALL_MONEY), 1_000)).toMatchObject({ isComplete: false });
  });

  test("every change is told once, or the log was reset", () => {
    const { states, violation, stepsToRest } = explore(logModel(SMALL_LOG));
    console.log(`log: ${states} states, rest after ${stepsToRest} steps`);
    expect(violation).toBeUndefined();
    expect(states).toBeGreaterThan(10_000);
  });
});

describe("a rule taken out is missed, about money", () => {
  const removals = Object.entries(MONEY_REMOVALS) as [MoneyRule, Removal<MoneyWorld>][];
  test.each(removals)("%s", (rule, [property, world]) => {
    expectBroken(explore(moneyModel(moneyWithout(rule, world))), property, MONEY_RULES[rule]);
  });
});

describe("a rule taken out is missed, about positions", () => {
  const removals = Object.entries(LOG_REMOVALS) as [LogRule, Removal<LogWorld>][];
  test.each(removals)("%s", (rule, [property, world]) => {
    expectBroken(explore(logModel(logWithout(rule, world))), property, LOG_RULES[rule]);
  });
});

/** Prints the shortest way there. */
function expectBroken({ violation }: Exploration, property: string, rule: string): void {
  const lines = violation?.trace.map((line) => `  ${line}`) ?? [];
  console.log([`without: ${rule}`, ...lines, `broken: ${violation?.property}`].join("\n"));
  expect(violation?.property).toBe(property);
}
