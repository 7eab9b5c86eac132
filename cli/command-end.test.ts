import { expect, test } from "vitest";
import { Certainty, PaymentState } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { exitCodeOf } from "./command-end.ts";

test.each([
  { state: "APPROVED", certainty: "FINAL", exitCode: 0 },
  { state: "AUTHORIZED", certainty: "FINAL", exitCode: 0 },
  { state: "CAPTURED", certainty: "FINAL", exitCode: 0 },
  { state: "DECLINED", certainty: "FINAL", exitCode: 2 },
  { state: "REVERSED", certainty: "FINAL", exitCode: 2 },
  { state: "VOIDED", certainty: "FINAL", exitCode: 2 },
  { state: "EXPIRED", certainty: "FINAL", exitCode: 2 },
  { state: "UNSPECIFIED", certainty: "FINAL", exitCode: 1 },
  { state: "RECEIVED", certainty: "UNKNOWN", exitCode: 3 },
  { state: "FORWARDED", certainty: "UNKNOWN", exitCode: 3 },
  { state: "REVERSING", certainty: "UNKNOWN", exitCode: 3 },
  { state: "APPROVED", certainty: "UNKNOWN", exitCode: 3 },
  { state: "UNSPECIFIED", certainty: "UNSPECIFIED", exitCode: 3 },
] as const)("$state, $certainty: $exitCode", ({ state, certainty, exitCode }) => {
  const known = { state: PaymentState[state], certainty: Certainty[certainty] };
  expect(exitCodeOf(known)).toBe(exitCode);
});
