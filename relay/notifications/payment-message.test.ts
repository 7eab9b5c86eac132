import { describe, expect, test } from "vitest";
import { currencyFromLetters } from "../../payment/money.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import { RESPONSE_CODES } from "../../payment/response-codes.ts";
import { LANGUAGE_CODES, languageOf } from "./language.ts";
import { formatAmount, type PaymentFacts, paymentMessage } from "./payment-message.ts";

const FACTS: PaymentFacts = {
  event: "APPROVED",
  purpose: "RESULT",
  telling: "payment",
  merchantName: "Corner Shop",
  terminalId: "TILL0001",
  amountMinor: 1_250n,
  tipMinor: 0n,
  cashbackMinor: 0n,
  dueMinor: 0n,
  currency: currencyFromLetters("EUR"),
  responseCode: "00",
  approvalCode: "123456",
  scheme: "VISA",
  lastFour: "4242",
  recordNumber: "A17K2M9QX4T8" as RecordNumber,
  atMs: Date.UTC(2026, 2, 1, 13, 5),
  locale: "en-GB",
  timeZone: "Europe/Vienna",
};

test("an approved payment in English says all that the owner needs", () => {
  const { subject, text, sms } = paymentMessage(FACTS);
  expect(subject).toBe("Approved €12.50 · Corner Shop");
  expect(text).toBe(`Approved €12.50
The payment was approved.

Shop: Corner Shop
Amount: €12.50
Card: VISA …4242
Time: 1 Mar 2026, 14:05 CET
Record number: A17K-2M9Q-X4T8
Approval code: 123456
Terminal: TILL0001

Sent because this address is registered for the terminal.
`);
  expect(sms).toBe(
    "Corner Shop: Approved €12.50, VISA *4242, 1 Mar 2026, 14:05 CET, A17K-2M9Q-X4T8",
  );
});

test("a declined payment in Chinese says why", () => {
  const facts = { ...FACTS, event: "DECLINED", responseCode: "51", locale: "zh-CN" } as const;
  const { subject, text, sms } = paymentMessage({ ...facts, timeZone: "Asia/Shanghai" });
  expect(subject).toBe("支付被拒绝 €12.50 · Corner Shop");
  expect(text).toContain("原因：余额不足\n");
  expect(text).toContain("时间：2026年3月1日 GMT+8 21:05\n");
  expect(text).not.toContain("123456");
  expect(sms).toContain("余额不足");
});

test.each([
  { locale: "zh-Hans-SG", language: "zh-Hans-SG" },
  { locale: "de-AT", language: "en" },
])("a mail for $locale says that it is written in $language", ({ locale, language }) => {
  expect(paymentMessage({ ...FACTS, locale }).html).toContain(`<html lang="${language}">`);
});

test("a receipt says that it is one, and a reversal that nothing stays charged", () => {
  const receipt = paymentMessage({ ...FACTS, purpose: "RECEIPT" });
  expect(receipt.subject).toBe("Receipt · Approved €12.50 · Corner Shop");
  expect(receipt.text).toContain("you asked for a receipt");
  const reversed = paymentMessage({ ...FACTS, event: "REVERSED" });
  expect(reversed.text).toContain("The payment was undone. Nothing stays charged.");
});

test.each([
  {
    locale: "en-GB",
    subject: "Refund approved €12.50 · Corner Shop",
    sentence: "The amount goes back to the card.",
    reversed: "Nothing goes back to the card.",
  },
  {
    locale: "zh-CN",
    subject: "退款成功 €12.50 · Corner Shop",
    sentence: "款项将退回卡上。",
    reversed: "不会向卡退回任何款项。",
  },
])("a refund is not told as a payment: $locale", ({ locale, subject, sentence, reversed }) => {
  const facts = { ...FACTS, locale, telling: "refund" } as const;
  const told = paymentMessage(facts);
  expect(told.subject).toBe(subject);
  expect(told.text).toContain(sentence);
  expect(told.sms).toContain(subject.split(" · ", 1).join());
  expect(paymentMessage({ ...facts, event: "REVERSED" }).text).toContain(reversed);
});

test.each([
  { locale: "en-GB", telling: "payment", says: "The payment could not be taken" },
  { locale: "en-GB", telling: "refund", says: "The refund could not be made" },
  { locale: "zh-CN", telling: "payment", says: "该笔支付未能完成" },
  { locale: "zh-CN", telling: "refund", says: "该笔退款未能完成" },
] as const)("a response code of nobody's list, $locale, $telling: $says", (row) => {
  const { locale, telling, says } = row;
  const facts = { ...FACTS, event: "DECLINED", responseCode: "ZZ", locale, telling } as const;
  const { text, sms } = paymentMessage(facts);
  expect(text).toContain(says);
  expect(sms).toContain(says);
});

test.each([
  { name: "British pounds at home", locale: "en-GB", letters: "GBP", minor: 5n, says: "£0.05" },
  {
    name: "euros in Austria, in the language that the words are in",
    locale: "de-AT",
    letters: "EUR",
    minor: 123_456n,
    says: "€1,234.56",
  },
  { name: "pounds in Egypt", locale: "ar-EG", letters: "EGP", minor: 1_250n, says: "EGP 12.50" },
  {
    name: "in other digits",
    locale: "en-u-nu-arab-ca-islamic",
    letters: "EUR",
    minor: 1_250n,
    says: "€12.50",
  },
  { name: "yen, without decimals", locale: "en", letters: "JPY", minor: 1_250n, says: "¥1,250" },
  { name: "dinars, with three", locale: "en", letters: "KWD", minor: 1_250n, says: "KWD 1.250" },
  {
    name: "more than a double holds",
    locale: "en",
    letters: "EUR",
    minor: 999_999_999_999n,
    says: "€9,999,999,999.99",
  },
])("amounts are written as the recipient writes them: $name", (row) => {
  const { locale, minor: amountMinor, says } = row;
  expect(formatAmount({ amountMinor, currency: currencyFromLetters(row.letters), locale })).toBe(
    says,
  );
});

test("a merchant's name cannot become markup, nor a second header line", () => {
  const merchantName = `<img src=x onerror="a">&'\r\nBcc: everyone@example.test`;
  const { subject, html } = paymentMessage({ ...FACTS, merchantName });
  expect(html).toContain("&lt;img src=x onerror=&quot;a&quot;&gt;&amp;&#39;");
  expect(html).not.toContain("<img");
  expect(subject).not.toMatch(/[\r\n]/);
});

test.each([
  { name: "a whole card number", lastFour: "4242424242424242" },
  { name: "letters", lastFour: "42a2" },
  { name: "nothing", lastFour: "" },
])("$name in place of four digits shows no card at all", ({ lastFour }) => {
  const { text, html, sms } = paymentMessage({ ...FACTS, lastFour });
  for (const shown of [text, html, sms]) expect(shown).not.toContain("VISA");
});

describe.each(LANGUAGE_CODES)("language %s", (code) => {
  const language = languageOf(code);

  test("has a reason for each response code that declines", () => {
    const declining = RESPONSE_CODES.filter(({ isApproval }) => !isApproval);
    expect(declining.filter((one) => language.reasons[one.code] === undefined)).toEqual([]);
  });

  test("has words for everything", () => {
    const { payment, refund, labels, reasons } = language;
    const tellings = [payment, refund].flatMap(({ events, sentences }) => [events, sentences]);
    const words = [...tellings, labels, reasons].flatMap((each) => Object.values(each));
    const all = [...words, payment.reasonOther, refund.reasonOther];
    expect(all.filter((word) => word.trim() === "")).toEqual([]);
  });

  test("no reason speaks of a payment, which may be a refund", () => {
    const { reasons } = language;
    const { 25: original, ...others } = reasons;
    expect(original).toMatch(/original payment|原交易/);
    expect(Object.values(others).filter((one) => /\bpayment\b|支付|退款/.test(one))).toEqual([]);
  });
});

test("both languages of the beginning are there, and another one falls back to English", () => {
  expect(LANGUAGE_CODES).toEqual(expect.arrayContaining(["en", "zh"]));
  expect(languageOf("xx-YY")).toBe(languageOf("en"));
});

test.each(["41", "43", "04", "62", "63"])("a holder never reads why: %s", (responseCode) => {
  const declined = { ...FACTS, event: "DECLINED", responseCode } as const;
  const receipt = paymentMessage({ ...declined, purpose: "RECEIPT" });
  const plain = paymentMessage({ ...declined, responseCode: "05", purpose: "RECEIPT" });
  expect(receipt).toEqual(plain);
  expect(receipt.text).not.toMatch(/lost|stolen|kept|restricted|security/i);
  // The shop does.
  expect(paymentMessage(declined).text).not.toBe(
    paymentMessage({ ...declined, responseCode: "05" }).text,
  );
});

test.each(["en", "zh-CN"])("a balance enquiry is told as one, without an amount: %s", (locale) => {
  const facts = { ...FACTS, telling: "enquiry", amountMinor: 0n, locale } as const;
  const { subject, text, sms, html } = paymentMessage(facts);
  for (const said of [subject, text, sms, html]) expect(said).not.toMatch(/0\.00|0,00/);
  expect(text).toMatch(/^(Balance enquiry answered|余额查询成功)\n/);
});

test("a name from right to left turns nothing round", () => {
  const facts = { ...FACTS, merchantName: "קפה הפינה" };
  const { subject, text, sms } = paymentMessage(facts);
  for (const said of [subject, text, sms]) expect(said).toContain("\u2068קפה הפינה\u2069");
  expect(paymentMessage(FACTS).sms).not.toMatch(/[\u2066-\u2069]/);
});

describe("what an amount is made of", () => {
  const rows = LANGUAGE_CODES.flatMap((locale) =>
    (["payment", "refund"] as const).flatMap((telling) => [
      { locale, telling, what: {}, labels: [] },
      { locale, telling, what: { tipMinor: 100n }, labels: ["tip"] },
      { locale, telling, what: { cashbackMinor: 500n }, labels: ["cashback"] },
      {
        locale,
        telling,
        what: { tipMinor: 100n, cashbackMinor: 500n },
        labels: ["tip", "cashback"],
      },
      { locale, telling, what: { dueMinor: 750n }, labels: ["due"] },
    ]),
  );

  test.each(rows)("$telling in $locale with $what", ({ locale, telling, what, labels }) => {
    const facts = { ...FACTS, ...what, telling, locale } as PaymentFacts;
    const { text, sms, html } = paymentMessage(facts);
    const language = languageOf(locale);
    for (const label of ["tip", "cashback", "due"] as const) {
      const isSaid = (labels as readonly string[]).includes(label);
      for (const shape of [text, sms, html]) {
        expect(shape.includes(language.labels[label])).toBe(isSaid);
      }
    }
    const amounts = Object.values(what).map((minor) =>
      formatAmount({ amountMinor: minor as bigint, currency: facts.currency, locale }),
    );
    for (const amount of amounts) for (const shape of [text, sms]) expect(shape).toContain(amount);
  });
});
