import { expect, test } from "vitest";
import { Certainty, NextStep } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { isPaymentErrorCode, PAYMENT_ERRORS, PaymentError, refusalWords } from "./errors.ts";

const rows = Object.entries(PAYMENT_ERRORS);

test.each(rows)("%s has a gRPC status, a certainty and a next step", (_, row) => {
  expect(row.grpcStatus).toBeGreaterThan(0);
  expect(row.grpcStatus).toBeLessThan(17);
  expect(row.certainty).not.toBe(Certainty.UNSPECIFIED);
  expect(row.nextStep).not.toBe(NextStep.UNSPECIFIED);
});

test("whoever does not know what happened asks again with the same id, or an operator", () => {
  const unknown = rows.filter(([, row]) => row.certainty === Certainty.UNKNOWN);
  expect(unknown.length).toBeGreaterThan(3);
  const others = unknown.filter(([, row]) => row.nextStep !== NextStep.RETRY_SAME_ID);
  const asksOperator = { nextStep: NextStep.ASK_OPERATOR };
  expect(others).toMatchObject([
    ["REVERSAL_HELD", asksOperator],
    ["NEEDS_SECOND_OPERATOR", asksOperator],
  ]);
});

test("an error carries its row, field and delay", () => {
  const error = new PaymentError("OVERLOADED", "queue is full", { field: "x", retryAfterMs: 50 });
  expect(error).toMatchObject({ code: "OVERLOADED", field: "x", retryAfterMs: 50 });
  expect(error.row.grpcStatus).toBe(8);
});

test.each([
  ["OVERLOADED", true],
  ["toString", false],
  ["", false],
])("%j is a code: %j", (text, isCode) => {
  expect(isPaymentErrorCode(text)).toBe(isCode);
});

test.each([
  {
    code: "CURRENCY_NOT_ACCEPTED",
    words:
      "the processor did not take this payment: the merchant takes no payments in this currency",
  },
  { code: "INTERNAL", words: "the processor did not take this payment" },
] as const)("$code is told in words", ({ code, words }) => {
  expect(refusalWords(code)).toBe(words);
});
