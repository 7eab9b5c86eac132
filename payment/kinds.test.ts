import { expect, test } from "vitest";
import { PaymentKind } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { kindRules } from "./kinds.ts";

test.each([
  { kind: "SALE", signedBy: "reader", isTaken: true, spends: true },
  { kind: "AUTHORIZATION", signedBy: "reader", isTaken: true, spends: true },
  { kind: "REFUND", signedBy: "reader", isTaken: true, spends: false },
  { kind: "BALANCE_ENQUIRY", signedBy: "reader", isTaken: true, spends: false },
  { kind: "OFFLINE_SALE", signedBy: "reader", isTaken: false, isOffline: true },
  { kind: "DEFERRED_SALE", signedBy: "reader", isTaken: false, isOffline: true },
  { kind: "CAPTURE", signedBy: "terminal", isTaken: false, isOffline: false },
  { kind: "VOID", signedBy: "terminal", isTaken: false, isOffline: false },
  { kind: "INCREMENTAL_AUTHORIZATION", signedBy: "terminal", isTaken: false },
  { kind: "TIP_ADJUSTMENT", signedBy: "terminal", isTaken: false },
  { kind: "UNSPECIFIED", signedBy: "nobody", isTaken: false, spends: false },
] as const)("the rules of a payment of kind $kind", ({ kind, ...rules }) => {
  expect(kindRules(PaymentKind[kind])).toMatchObject(rules);
});

test.each([11, 999, -1])("nobody takes or signs a kind with number %i", (number) => {
  expect(kindRules(number as PaymentKind)).toEqual(kindRules(PaymentKind.UNSPECIFIED));
});
