import { expect, test } from "vitest";
import { errorFrom } from "../test/error-from.ts";
import {
  type CurrencyCode,
  currencyFromLetters,
  currencyLetters,
  formatMoney,
  parseAmountMinor,
  parseAmountText,
  parseCurrency,
} from "./money.ts";

const EUR = currencyFromLetters("EUR");
const JPY = currencyFromLetters("JPY");
const KWD = currencyFromLetters("KWD");

test.each([
  { name: "two decimals", text: "12.50", currency: EUR, amountMinor: 1250n },
  { name: "a comma", text: "12,5", currency: EUR, amountMinor: 1250n },
  { name: "no decimals", text: "12", currency: EUR, amountMinor: 1200n },
  { name: "the smallest", text: "0.01", currency: EUR, amountMinor: 1n },
  { name: "a currency without decimals", text: "1250", currency: JPY, amountMinor: 1250n },
  { name: "a currency with three", text: "1.250", currency: KWD, amountMinor: 1250n },
  { name: "the largest", text: "9999999999.99", currency: EUR, amountMinor: 999_999_999_999n },
])("reads an amount with $name", ({ text, currency, amountMinor }) => {
  expect(parseAmountText(text, currency)).toEqual({ amountMinor, currency });
});

test.each([
  { name: "three decimals of EUR", text: "1.255", currency: EUR },
  { name: "decimals of JPY", text: "12.5", currency: JPY },
  { name: "zero", text: "0", currency: EUR },
  { name: "a sign", text: "-1", currency: EUR },
  { name: "words", text: "twelve", currency: EUR },
  { name: "nothing", text: "", currency: EUR },
  { name: "an exponent", text: "1e3", currency: EUR },
  { name: "one cent over the limit", text: "10000000000.00", currency: EUR },
])("refuses an amount that is $name", ({ text, currency }) => {
  expect(errorFrom(() => parseAmountText(text, currency)).code).toBe("AMOUNT_OUT_OF_RANGE");
});

test.each([
  { name: "zero", amountMinor: 0n },
  { name: "below zero", amountMinor: -1n },
  { name: "one over the limit", amountMinor: 1_000_000_000_000n },
])("refuses $name in minor units and says the range", ({ amountMinor }) => {
  expect(errorFrom(() => parseAmountMinor(amountMinor))).toEqual({
    code: "AMOUNT_OUT_OF_RANGE",
    message: `amounts.total_minor must be 1 to 999999999999 minor units, got ${amountMinor}`,
  });
});

test.each([
  { name: "EUR", amountMinor: 1250n, currency: EUR, text: "12.50 EUR" },
  { name: "less than one EUR", amountMinor: 5n, currency: EUR, text: "0.05 EUR" },
  { name: "a negative balance", amountMinor: -1205n, currency: EUR, text: "-12.05 EUR" },
  { name: "JPY", amountMinor: 1250n, currency: JPY, text: "1250 JPY" },
  { name: "KWD", amountMinor: 1n, currency: KWD, text: "0.001 KWD" },
])("prints $name", ({ amountMinor, currency, text }) => {
  expect(formatMoney({ amountMinor, currency })).toBe(text);
});

test.each([
  { numeric: 978, letters: "EUR" },
  { numeric: 978, letters: "eur" },
  { numeric: 8, letters: "ALL" },
  { numeric: 36, letters: "AUD" },
])("knows a currency by its number, $numeric, and as $letters", ({ numeric, letters }) => {
  expect(parseCurrency(numeric)).toBe(numeric);
  expect(currencyFromLetters(letters)).toBe(numeric);
});

test.each([
  { name: "an unassigned number", run: () => parseCurrency(1) },
  { name: "zero", run: () => parseCurrency(0) },
  { name: "a number below zero", run: () => parseCurrency(-978) },
  { name: "four digits", run: () => parseCurrency(9_780) },
  { name: "letters outside ASCII", run: () => currencyFromLetters("ﬀ") },
  { name: "unknown letters", run: () => currencyFromLetters("EUX") },
  { name: "a word", run: () => currencyFromLetters("EURO") },
])("refuses $name as a currency", ({ run }) => {
  expect(errorFrom(run).code).toBe("CURRENCY_NOT_ACCEPTED");
});

test("a currency that was never parsed is a bug", () => {
  expect(() => formatMoney({ amountMinor: 1n, currency: 1 as CurrencyCode })).toThrow(/^bug:/);
});

test.each([
  { letters: "XCG", numeric: 532 },
  { letters: "XAD", numeric: 396 },
  { letters: "ZWG", numeric: 924 },
  { letters: "SLE", numeric: 925 },
  { letters: "EUR", numeric: 978 },
])("$letters is a currency of today (looked up on 2026-12-01)", ({ letters, numeric }) => {
  expect(currencyFromLetters(letters)).toBe(numeric);
  expect(currencyLetters(parseCurrency(numeric))).toBe(letters);
});

test.each(["ANG", "BGN", "HRK", "SLL", "ZWL"])("%s is none any more", (letters) => {
  expect(() => currencyFromLetters(letters)).toThrow(/must be an ISO 4217 code/);
});

test("a payment of yesterday in a currency of yesterday can still be shown", () => {
  expect(() => parseCurrency(975)).toThrow(/ISO 4217/);
  expect(currencyLetters(975 as CurrencyCode)).toBe("BGN");
});
