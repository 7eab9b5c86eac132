import { inspect } from "node:util";
import { expect, test } from "vitest";
import { errorFrom } from "../test/error-from.ts";
import { maskPan, Pan, Pin } from "./card.ts";
import { findTestCard, TEST_CARDS } from "./test-cards.ts";

const digits = "4242421973508862";

test.each([
  { name: "toString", print: (secret: unknown) => String(secret) },
  { name: "JSON", print: (secret: unknown) => JSON.stringify({ secret }) },
  { name: "inspect", print: (secret: unknown) => inspect({ secret }, { showHidden: true }) },
  { name: "a template", print: (secret: unknown) => `${secret}` },
  { name: "an error", print: (secret: unknown) => String(new Error(`bad ${secret}`)) },
])("a card number and a PIN do not show in $name", ({ print }) => {
  expect(print(Pan.parse(digits))).not.toContain("19735088");
  expect(print(Pin.parse("907165"))).not.toContain("907165");
});

test("a card number shows its first six, last four and scheme", () => {
  const pan = Pan.parse("4242 4242 4242 4242");
  expect([pan.masked, pan.lastFour, pan.scheme]).toEqual(["424242******4242", "4242", "VISA"]);
});

test.each([
  { name: "a wrong check digit", text: "4242424242424241" },
  { name: "eleven digits", text: "42424242424" },
  { name: "letters", text: "4242abcd42424242" },
  { name: "nothing", text: "" },
])("refuses $name without quoting it", ({ text }) => {
  expect(errorFrom(() => Pan.parse(text))).toEqual({
    code: "MALFORMED_REQUEST",
    message: "card number must be 12 to 19 digits with a right check digit",
  });
});

test.each(["123", "1234567890123", "12a4", ""])(
  "refuses %j as a PIN without quoting it",
  (text) => {
    expect(errorFrom(() => Pin.parse(text))).toEqual({
      code: "PIN_NOT_ENTERED",
      message: "PIN must be 4 to 12 digits",
    });
  },
);

test.each(["", "1234", "4242x24242424242", "42424242424242424242"])(
  "masks %j to nothing",
  (text) => {
    expect(maskPan(text)).toBe("[card]");
  },
);

test.each(TEST_CARDS)("test card $name has a right number and is found by it", (card) => {
  expect(Pan.parse(card.number).masked).not.toBe("[card]");
  expect(findTestCard(card.number)).toBe(card);
  expect(findTestCard(card.name.toUpperCase())).toBe(card);
});

test.each([
  ["378282246310005", "AMEX"],
  ["36227206271667", "DINERS"],
  ["3566002020360505", "JCB"],
  ["6011111111111117", "DISCOVER"],
  ["6200000000000005", "UNIONPAY"],
  ["5105105105105100", "MASTERCARD"],
  ["4506445006931933", "INTERAC"],
  ["9999999999999995", "CARD"],
])("the scheme of %s is %s", (number, scheme) => {
  expect(Pan.parse(number).scheme).toBe(scheme);
});
