import { LOG_RULES, type LogRule } from "./log/log-rules.ts";
import { LOG_FAULTS, type LogWorld } from "./log/log-state.ts";
import { MONEY_RULES, type MoneyRule } from "./money/money-rules.ts";
import { FAULTS, type MoneyWorld } from "./money/money-state.ts";

const EVERY_MONEY_RULE = Object.keys(MONEY_RULES) as MoneyRule[];
const EVERY_LOG_RULE = Object.keys(LOG_RULES) as LogRule[];

/** One payment at one relay program, and one fault of any kind. */
export const SMALL_MONEY: MoneyWorld = {
  payments: 1,
  relays: 1,
  faults: 1,
  of: FAULTS,
  hasPeople: true,
  hasDeadlines: true,
  rules: new Set(EVERY_MONEY_RULE),
};

/** Two programs that write two events, and one fault of any kind. */
export const SMALL_LOG: LogWorld = {
  writes: 2,
  programs: 2,
  faults: 1,
  of: LOG_FAULTS,
  raises: 1,
  rules: new Set(EVERY_LOG_RULE),
};

export function moneyWithout(rule: MoneyRule, world: Partial<MoneyWorld>): MoneyWorld {
  const rules = new Set(EVERY_MONEY_RULE.filter((one) => one !== rule));
  return { ...SMALL_MONEY, ...world, rules };
}

export function logWithout(rule: LogRule, world: Partial<LogWorld>): LogWorld {
  return { ...SMALL_LOG, ...world, rules: new Set(EVERY_LOG_RULE.filter((one) => one !== rule)) };
}
