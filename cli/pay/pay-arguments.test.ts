import { inspect } from "node:util";
import { expect, test } from "vitest";
import { EntryMode, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { kindRules } from "../../payment/kinds.ts";
import type { ValuesOf } from "../io/flags.ts";
import { type PAY_FLAGS, PAY_KINDS, parsePayArguments } from "./pay-arguments.ts";

type Typed = ValuesOf<typeof PAY_FLAGS>;

/** What the command line hands over where nobody typed a flag. */
const UNTYPED: Typed = { kind: "sale" };

test("every kind that is taken has a word, and no other", () => {
  const numbers = Object.values(PaymentKind).filter((kind) => typeof kind === "number");
  const taken = numbers.filter((kind) => kindRules(kind).isTaken);
  expect(Object.values(PAY_KINDS).toSorted()).toEqual(taken.toSorted());
});

test("12.50 EUR with a visa and its PIN", () => {
  const { order, card, pin, entryMode, isConfirmed, isPinOnReader } = parsePayArguments(
    "12.50",
    "EUR",
    { ...UNTYPED, card: "visa", pin: "1234", yes: true },
  );
  expect(order).toEqual({
    kind: PaymentKind.SALE,
    amountMinor: 1250n,
    currency: 978,
    paymentId: undefined,
  });
  expect(card?.name).toBe("visa");
  expect(pin?.revealPin()).toBe("1234");
  expect({ entryMode, isConfirmed, isPinOnReader }).toEqual({
    entryMode: EntryMode.UNSPECIFIED,
    isConfirmed: true,
    isPinOnReader: false,
  });
});

test.each([
  { name: "a currency in lower case", amount: "1", currency: "eur", options: UNTYPED, minor: 100n },
  { name: "no decimals in yen", amount: "1250", currency: "JPY", options: UNTYPED, minor: 1250n },
  { name: "a decimal comma", amount: "12,5", currency: "EUR", options: UNTYPED, minor: 1250n },
  {
    name: "nothing for a balance enquiry",
    amount: "0.00",
    currency: "EUR",
    options: { kind: "balance" },
    minor: 0n,
  },
])("takes $name", ({ amount, currency, options, minor }) => {
  expect(parsePayArguments(amount, currency, options).order.amountMinor).toBe(minor);
});

test.each([
  { way: "tap", entryMode: EntryMode.CONTACTLESS },
  { way: "swipe", entryMode: EntryMode.MAGSTRIPE },
  { way: "insert", entryMode: EntryMode.CHIP },
])("--$way", ({ way, entryMode }) => {
  expect(parsePayArguments("1", "EUR", { ...UNTYPED, [way]: true }).entryMode).toBe(entryMode);
});

test.each<{
  name: string;
  amount?: string;
  currency?: string;
  options?: Partial<Typed>;
  says: string;
}>([
  { name: "no number", amount: "ten", says: "up to 2 decimals" },
  { name: "too many decimals", amount: "1.234", says: "up to 2 decimals" },
  { name: "nothing", amount: "0", says: "1 to 999999999999" },
  { name: "less than nothing", amount: "-1", says: "up to 2 decimals" },
  { name: "an unknown currency", currency: "XYZ", says: "ISO 4217" },
  { name: "an unknown card", options: { card: "gold" }, says: "`cardlane cards` lists them" },
  { name: "a short PIN", options: { pin: "123" }, says: "4 to 12 digits" },
  { name: "an id that is none", options: { id: "7" }, says: "a UUID" },
  { name: "an unknown kind", options: { kind: "gift" }, says: "sale, authorization" },
  { name: "an amount to enquire", options: { kind: "balance" }, says: "must be 0" },
  { name: "two ways", options: { tap: true, swipe: true }, says: "one of the three" },
])("refuses $name", ({ amount = "12.50", currency = "EUR", options = {}, says }) => {
  expect(() => parsePayArguments(amount, currency, { ...UNTYPED, ...options })).toThrow(says);
});

test("what was typed as card number is not repeated", () => {
  const number = "4929123412341231";
  expect(() => parsePayArguments("1", "EUR", { ...UNTYPED, card: number })).toThrow(/^(?!.*4929)/);
});

test("the PIN does not print itself", () => {
  const parsed = parsePayArguments("1", "EUR", { ...UNTYPED, pin: "907165283419" });
  expect(`${inspect(parsed)} ${JSON.stringify(parsed.pin)}`).not.toContain("907165283419");
});
