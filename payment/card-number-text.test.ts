import { describe, expect, test } from "vitest";
import { errorFrom } from "../test/error-from.ts";
import { digitsIn, withoutCardNumbers } from "./card-number-text.ts";
import { faultOf, PaymentError } from "./errors.ts";
import { parseMerchantId, parsePaymentId } from "./identifiers.ts";
import { currencyFromLetters, parseAmountText } from "./money.ts";

const EUR = currencyFromLetters("EUR");

const between = (separator: string) => ["5391", "6604", "7713", "8298"].join(separator);
const inDigits = (zero: number) =>
  [...between("")].map((digit) => String.fromCodePoint(zero + Number(digit))).join("");

/** One card number, as people, forms and attackers write it. */
const WRITTEN = [
  { name: "without anything", text: between("") },
  { name: "with spaces", text: between(" ") },
  { name: "with dashes", text: between("-") },
  { name: "with dots", text: `${between(".")}.` },
  { name: "with slashes", text: between("/") },
  { name: "with underscores", text: between("_") },
  { name: "with commas and spaces", text: between(", ") },
  { name: "with no-break spaces", text: between("\u00a0") },
  { name: "with zero-width spaces", text: between("\u200b") },
  { name: "with joiners and marks", text: between("\u200d\ufeff\u2060") },
  { name: "with soft hyphens", text: between("\u00ad") },
  { name: "with NUL", text: between("\0") },
  { name: "each digit by itself", text: [...between("")].join(" . ") },
  { name: "in Arabic-Indic digits", text: inDigits(0x660) },
  { name: "in Devanagari digits", text: inDigits(0x966) },
  { name: "in full width", text: inDigits(0xff10) },
  { name: "in bold mathematical digits", text: inDigits(0x1d7ce) },
  { name: "in monospace mathematical digits", text: inDigits(0x1d7f6) },
  { name: "in superscript", text: [...between("")].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(d)]).join("") },
  { name: "with its expiry date", text: `${between(" ")} 12/27` },
  { name: "with expiry date and code", text: `${between("")} 1227 123` },
  { name: "behind another number", text: `12 ${between("")}` },
  { name: "as track 2", text: `;${between("")}=27122011234567890?` },
  { name: "of 13 digits", text: "4222222222222" },
  { name: "of 15 digits", text: "3782-822463-10005" },
  { name: "of 19 digits", text: "6304 0000 0000 0000 000" },
];

const STAYS = [
  "message must be at most 65536 bytes, got 70000",
  "after_sequence must be 0 to 9223372036854775807, got 9223372036854775808",
  "amounts.total_minor must be 1 to 999999999999 minor units, got 1000000000000",
  "no record with payment_id 00000000-0000-4000-8000-000000000000",
  "no record with record_number A17K2M9QX4T8",
  "payment_id must be a UUID such as 01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a, got nothing",
  "card ending 8298",
  "53916604771382",
  "5391 6604 7713 8299",
  "cannot listen on 127.0.0.1:7403: another program is listening there",
];

describe("a card number", () => {
  test.each(WRITTEN)("$name is in no error, fault or text", ({ text }) => {
    const said = `url must be something else, got "${text}", at last`;
    const shown = withoutCardNumbers(said);
    expect(shown).toContain("[digits left out]");
    expect(digitsIn(shown)).toBeLessThan(9);
    const error = new PaymentError("MALFORMED_REQUEST", said);
    expect(error.message).toBe(shown);
    expect(faultOf(error).message).toBe(shown);
  });

  test.each(WRITTEN)("$name is not quoted by what reads values", ({ text }) => {
    const errors = [
      errorFrom(() => parseMerchantId(text)),
      errorFrom(() => parsePaymentId(text)),
      errorFrom(() => currencyFromLetters(text)),
      errorFrom(() => parseAmountText(text, EUR)),
    ];
    for (const { message } of errors) {
      expect(message).toMatch(/got \d\d other characters$|got \[digits left out\]/);
    }
  });

  test("that is cut into letters is not quoted either", () => {
    const { message } = errorFrom(() => parseMerchantId("5391a6604b7713c8298"));
    expect(message).toMatch(/got 19 other characters$/);
  });
});

test.each(STAYS)("%j stays as it is", (text) => {
  expect(withoutCardNumbers(text)).toBe(text);
});

test("a long text costs a bounded time", () => {
  const text = "1 ".repeat(100_000);
  const beganAt = process.cpuUsage().user;
  withoutCardNumbers(text);
  expect(process.cpuUsage().user - beganAt).toBeLessThan(5_000_000);
});
