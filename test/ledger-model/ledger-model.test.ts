import { expect, test } from "vitest";
import { explore } from "./explore.ts";
import { ALL_LOG_RULES, type LogRules, logModel } from "./log-model.ts";
import { ALL_PAYMENT_RULES, type PaymentRules, paymentModel } from "./payment-model.ts";

test.each([1, 2, 3])(
  "with all rules no payment ends otherwise than it was told, %s faults",
  (faults) => {
    const { states, found } = explore(paymentModel(ALL_PAYMENT_RULES, faults));
    expect(found).toBeUndefined();
    expect(states).toBeGreaterThan(100);
  },
);

const WITHOUT: readonly (readonly [keyof PaymentRules, string])[] = [
  ["asksFirst", "what was told is undone"],
  ["repeatsAcknowledgements", "it is not acknowledged"],
  ["acknowledgesFromLog", "it is not acknowledged"],
  ["ordersAreGone", "what was told is undone"],
  ["takesUndone", "it never settles"],
];

test.each(WITHOUT)("without %s: %s", (rule, problem) => {
  const { found } = explore(paymentModel({ ...ALL_PAYMENT_RULES, [rule]: false }, 3));
  expect(found, rule).toMatchObject({ problem });
});

test.each([0, 1, 2])("with all rules the log tells each change once, %s restores", (faults) => {
  const { states, found } = explore(logModel(ALL_LOG_RULES, 4, faults));
  expect(found).toBeUndefined();
  expect(states).toBeGreaterThan(40);
});

const LOG_WITHOUT: readonly (readonly [keyof LogRules, string])[] = [
  ["tellsSettledAlone", "a change can still commit below what was told"],
  ["raisesEpoch", "a change"],
  ["tellsReset", "what was told is lost, and nobody said so"],
];

test.each(LOG_WITHOUT)("without %s: %s", (rule, problem) => {
  const { found } = explore(logModel({ ...ALL_LOG_RULES, [rule]: false }, 4, 2));
  expect(found?.problem, rule).toContain(problem);
  expect(found?.trace.length).toBeGreaterThan(1);
});
