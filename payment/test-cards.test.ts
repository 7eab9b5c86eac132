import { expect, test } from "vitest";
import { EntryMode, Verification } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { currencyFromLetters } from "./money.ts";
import { findTestCard, verificationFor } from "./test-cards.ts";

const { CHIP, CONTACTLESS, MAGSTRIPE, FALLBACK } = EntryMode;
const { NONE, ONLINE_PIN, OFFLINE_PIN, SIGNATURE } = Verification;

test.each([
  { card: "visa", entryMode: CHIP, amount: "1 EUR", expected: ONLINE_PIN },
  { card: "offline_pin_cvm", entryMode: CHIP, amount: "1 EUR", expected: OFFLINE_PIN },
  { card: "visa", entryMode: CONTACTLESS, amount: "5000 EUR", expected: NONE },
  { card: "visa", entryMode: CONTACTLESS, amount: "5001 EUR", expected: ONLINE_PIN },
  { card: "visa", entryMode: CONTACTLESS, amount: "50 JPY", expected: NONE },
  { card: "visa", entryMode: CONTACTLESS, amount: "51 JPY", expected: ONLINE_PIN },
  { card: "visa", entryMode: CONTACTLESS, amount: "50000 KWD", expected: NONE },
  { card: "visa", entryMode: CONTACTLESS, amount: "50001 KWD", expected: ONLINE_PIN },
  { card: "online_pin_cvm", entryMode: CONTACTLESS, amount: "1 EUR", expected: ONLINE_PIN },
  { card: "online_pin_sca_retry", entryMode: CONTACTLESS, amount: "1 EUR", expected: NONE },
  { card: "visa", entryMode: MAGSTRIPE, amount: "1 EUR", expected: SIGNATURE },
  { card: "online_pin_cvm", entryMode: FALLBACK, amount: "1 EUR", expected: SIGNATURE },
])("$card by entry mode $entryMode for $amount minor units", (row) => {
  const [amountMinor = "", letters = ""] = row.amount.split(" ");
  const currency = currencyFromLetters(letters);
  const card = findTestCard(row.card) ?? expect.unreachable("no such card");
  const money = { amountMinor: BigInt(amountMinor), currency };
  expect(verificationFor({ card, entryMode: row.entryMode }, money)).toBe(row.expected);
});
