import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  Certainty,
  NextStep,
  Outcome,
  PaymentState,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentReportSchema } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { reportLines } from "./receipt.ts";
import { plainPaint as paint } from "./text.ts";

function linesOf(report: MessageInitShape<typeof PaymentReportSchema>): string[] {
  return reportLines(create(PaymentReportSchema, report), { paint });
}

const paymentId = "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a";

test.each<{
  name: string;
  report: MessageInitShape<typeof PaymentReportSchema>;
  lines: readonly string[];
}>([
  {
    name: "a payment that was refused says why and what to do",
    report: {
      certainty: Certainty.FINAL,
      nextStep: NextStep.CORRECT_REQUEST,
      fault: { code: "CURRENCY_NOT_ACCEPTED", message: "currency must be 978\u001b[2J" },
    },
    lines: [
      "CURRENCY_NOT_ACCEPTED: currency must be 978",
      "Next: correct the request; it can never be accepted as it is.",
    ],
  },
  {
    name: "a payment that was cancelled says that nothing was charged",
    report: {
      certainty: Certainty.FINAL,
      state: PaymentState.REVERSED,
      fault: { code: "CANCELLED", message: "the payment was stopped by: cardholder" },
    },
    lines: ["CANCELLED: the payment was stopped by: cardholder", "Nothing was charged."],
  },
  {
    name: "a payment that is being reversed is not certain, and nothing is handed over",
    report: {
      recordNumber: "A17K2M9QX4TM",
      certainty: Certainty.UNKNOWN,
      state: PaymentState.REVERSING,
      nextStep: NextStep.WAIT_FOR_REVERSAL,
    },
    lines: [
      "Not certain yet (reversing). Ask again with: cardlane query A17K-2M9Q-X4TM",
      "Next: hand over nothing; it is being undone.",
    ],
  },
  {
    name: "a payment without record number is asked for by its id",
    report: { paymentId, certainty: Certainty.UNKNOWN, nextStep: NextStep.RETRY_SAME_ID },
    lines: [
      `Not certain yet (unknown). Ask again with: cardlane query ${paymentId}`,
      "Next: send it again with the same id; that can not charge twice.",
    ],
  },
  {
    name: "a balance enquiry tells the balance",
    report: {
      certainty: Certainty.FINAL,
      result: { outcome: Outcome.APPROVED, balanceMinor: 98_750n, currency: 978 },
    },
    lines: ["Balance: 987.50 EUR"],
  },
])("$name", ({ report, lines }) => {
  expect(linesOf(report)).toEqual(lines);
});

test("an approved payment is its receipt and nothing else", () => {
  const lines = linesOf({
    certainty: Certainty.FINAL,
    state: PaymentState.APPROVED,
    nextStep: NextStep.NONE,
    receipt: { outcome: Outcome.APPROVED, currency: 978, amountMinor: 1250n },
  });
  expect(lines[0]).toMatch(/^┌/);
  expect(lines.at(-1)).toMatch(/^└/);
});
