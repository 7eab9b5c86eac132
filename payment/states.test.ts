import { expect, test } from "vitest";
import {
  Certainty,
  NextStep,
  Outcome,
  PaymentKind,
  PaymentState,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { mayBeRepeated, RESPONSE_CODES, responseCode } from "./response-codes.ts";
import {
  certaintyOf,
  isApproved,
  mayFollow,
  nextStepOf,
  PAYMENT_TRANSITIONS,
  type StateName,
  stateOfOutcome,
} from "./states.ts";

const STATES = Object.keys(PAYMENT_TRANSITIONS) as StateName[];

test("the table and the contract name the same states", () => {
  const inContract = Object.keys(PaymentState).filter((name) => name !== "UNSPECIFIED");
  expect(STATES.toSorted()).toEqual(inContract.toSorted());
});

test("no way leads back", () => {
  const reachable = (from: StateName, seen: readonly StateName[] = []): readonly StateName[] =>
    PAYMENT_TRANSITIONS[from].flatMap((to) =>
      seen.includes(to) ? [to] : [to, ...reachable(to, [...seen, to])],
    );
  expect(STATES.filter((state) => reachable(state).includes(state))).toEqual([]);
});

test.each([
  { from: "FORWARDED", to: "APPROVED", legal: true },
  { from: "REVERSING", to: "REVERSED", legal: true },
  { from: "REVERSING", to: "APPROVED", legal: false },
  { from: "REVERSED", to: "APPROVED", legal: false },
  { from: "DECLINED", to: "REVERSED", legal: false },
  { from: "RECEIVED", to: "APPROVED", legal: false },
] as const)("$from to $to: $legal", ({ from, to, legal }) => {
  expect(mayFollow(from, to)).toBe(legal);
});

test.each([
  { state: "RECEIVED", code: undefined, certainty: "UNKNOWN", next: "WAIT" },
  { state: "FORWARDED", code: undefined, certainty: "UNKNOWN", next: "WAIT" },
  { state: "REVERSING", code: undefined, certainty: "UNKNOWN", next: "WAIT_FOR_REVERSAL" },
  { state: "APPROVED", code: "00", certainty: "FINAL", next: "NONE" },
  { state: "DECLINED", code: "51", certainty: "FINAL", next: "USE_ANOTHER_CARD" },
  { state: "DECLINED", code: "55", certainty: "FINAL", next: "ENTER_PIN" },
  { state: "DECLINED", code: "1A", certainty: "FINAL", next: "INSERT_CARD" },
  { state: "DECLINED", code: "Q7", certainty: "FINAL", next: "USE_ANOTHER_CARD" },
  { state: "REVERSED", code: "68", certainty: "FINAL", next: "NONE" },
] as const)("$state with $code is $certainty, then $next", ({ state, code, certainty, next }) => {
  expect(certaintyOf(state)).toBe(Certainty[certainty]);
  expect(nextStepOf(state, code)).toBe(NextStep[next]);
});

test.each([
  { outcome: "APPROVED", kind: "SALE", state: "APPROVED" },
  { outcome: "APPROVED", kind: "AUTHORIZATION", state: "AUTHORIZED" },
  { outcome: "PARTIALLY_APPROVED", kind: "SALE", state: "APPROVED" },
  { outcome: "DECLINED", kind: "SALE", state: "DECLINED" },
  { outcome: "REVERSED", kind: "SALE", state: "REVERSED" },
  { outcome: "VOIDED", kind: "VOID", state: "VOIDED" },
] as const)("$outcome of a $kind brings $state", ({ outcome, kind, state }) => {
  expect(stateOfOutcome(Outcome[outcome], PaymentKind[kind])).toBe(state);
});

test("of all states an approval stands in two", () => {
  expect(STATES.filter(isApproved).toSorted()).toEqual(["APPROVED", "AUTHORIZED"]);
});

test.each([
  { code: "55", isRepeatable: true },
  { code: "1A", isRepeatable: true },
  { code: "51", isRepeatable: false },
  { code: "75", isRepeatable: false },
  { code: "00", isRepeatable: false },
  { code: "", isRepeatable: false },
])("a payment declined with $code may be repeated: $isRepeatable", ({ code, isRepeatable }) => {
  expect(mayBeRepeated(code)).toBe(isRepeatable);
});

test("a result without an outcome is a bug", () => {
  expect(() => stateOfOutcome(Outcome.UNSPECIFIED, PaymentKind.SALE)).toThrow(/^bug:/);
});

test("only 00, 10, 11 and 85 approve", () => {
  const approvals = RESPONSE_CODES.filter(({ isApproval }) => isApproval).map(({ code }) => code);
  expect(approvals).toEqual(["00", "10", "11", "85"]);
  expect(responseCode("Q7").isApproval).toBe(false);
});
