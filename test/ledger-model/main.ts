// The ledger's model: npm run model -- --payments 1 --faults 2 [--without asksBeforeReversing]

import { commandOptions, runTool, wholeNumber } from "../../bench/command-options.ts";
import { systemClock } from "../../mesh/clock.ts";
import { explore, type Model } from "./checker.ts";
import { logModel } from "./log/log-model.ts";
import { LOG_RULES } from "./log/log-rules.ts";
import { LOG_FAULTS } from "./log/log-state.ts";
import { moneyModel } from "./money/money-model.ts";
import { MONEY_RULES } from "./money/money-rules.ts";
import { FAULTS } from "./money/money-state.ts";
import { SMALL_LOG, SMALL_MONEY } from "./worlds.ts";

const FEW = { min: 0, max: 9 } as const;

await runTool(async () => {
  const values = commandOptions(process.argv.slice(2), {
    payments: { type: "string", default: "1" },
    relays: { type: "string", default: "1" },
    writes: { type: "string", default: "2" },
    faults: { type: "string", default: "1" },
    // A part of the names of faults: without it every fault may come.
    of: { type: "string", default: "" },
    // A rule that the programs break.
    without: { type: "string", default: "" },
    // "money" or "log"; without it both.
    only: { type: "string", default: "" },
    // Where a world is too large: the nearest states are visited, and no more.
    most: { type: "string", default: "1000000" },
    "no-people": { type: "boolean", default: false },
  });
  const faults = wholeNumber("faults", values.faults, FEW);
  const known = [...Object.keys(MONEY_RULES), ...Object.keys(LOG_RULES)];
  if (values.without !== "" && !known.includes(values.without)) {
    console.error(`cardlane: no such rule; there are: ${known.join(", ")}`);
    return 1;
  }
  const rulesOf = <Rule extends string>(rules: Readonly<Record<Rule, string>>) =>
    new Set((Object.keys(rules) as Rule[]).filter((rule) => rule !== values.without));
  const wanted = (kind: string) => values.of.split(",").some((part) => kind.includes(part));
  const money = moneyModel({
    ...SMALL_MONEY,
    payments: wholeNumber("payments", values.payments, FEW),
    relays: wholeNumber("relays", values.relays, { min: 1, max: 2 }),
    faults,
    of: FAULTS.filter(wanted),
    hasPeople: !values["no-people"],
    rules: rulesOf(MONEY_RULES),
  });
  const log = logModel({
    ...SMALL_LOG,
    writes: wholeNumber("writes", values.writes, FEW),
    faults,
    of: LOG_FAULTS.filter(wanted),
    rules: rulesOf(LOG_RULES),
  });
  const most = wholeNumber("most", values.most, { min: 1, max: 10_000_000 });
  const isMoneyRight = values.only === "log" || report("money", money, most);
  const isLogRight = values.only === "money" || report("log", log, most);
  return isMoneyRight && isLogRight ? 0 : 1;
});

function report<State>(name: string, model: Model<State>, most: number): boolean {
  const startedMs = systemClock.monotonicMs();
  const { states, violation, stepsToRest, isComplete } = explore(model, most);
  const seconds = ((systemClock.monotonicMs() - startedMs) / 1000).toFixed(1);
  const end = isComplete ? `rest after ${stepsToRest} steps` : "and more that were not visited";
  const words = violation === undefined ? end : "BROKEN";
  console.log(`${name}: ${states} states in ${seconds} s, ${words}`);
  if (violation === undefined) return true;
  console.log(`broken: ${violation.property}`);
  for (const line of violation.trace) console.log(`  ${line}`);
  return false;
}
