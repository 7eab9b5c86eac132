import { HtmlValidate } from "html-validate";
import { expect, test } from "vitest";
import type { ToldEvent } from "./language.ts";
import { type MailPage, mailPage } from "./mail-page.ts";

const PAGE: MailPage = {
  language: "en-GB",
  event: "APPROVED",
  heading: "Approved",
  amount: "€12.50",
  sentence: "The payment was approved.",
  lines: [{ label: "Shop", value: "Corner Coffee" }],
  note: "Sent because this address is registered for the terminal.",
};

/** What the HTML standard demands, without matters of taste. */
const validator = new HtmlValidate({ extends: ["html-validate:standard"] });

const EVENTS: readonly ToldEvent[] = ["APPROVED", "AUTHORIZED", "DECLINED", "REVERSED", "VOIDED"];

test.each([
  ...EVENTS.map((event) => ({ name: event, changes: { event } })),
  { name: "Chinese", changes: { language: "zh-CN", heading: "支付被拒绝" } },
  { name: "no lines", changes: { lines: [{ label: "", value: "" }] } },
  {
    name: "a name of angle brackets, quotes and an ampersand",
    changes: { lines: [{ label: "Shop", value: `<b onclick='x'>"A & B"</b></td>` }] },
  },
])("is valid HTML: $name", async ({ changes }) => {
  const report = await validator.validateString(mailPage({ ...PAGE, ...changes }));
  expect(report.results.flatMap(({ messages }) => messages)).toEqual([]);
});

test("the check would find what is not valid", async () => {
  const html = mailPage(PAGE).replace("</table></td>", "</td>");
  const report = await validator.validateString(html);
  expect(report.valid).toBe(false);
});

test("nothing is fetched and nothing runs", () => {
  expect(mailPage(PAGE)).not.toMatch(/<script|<img|url\(|https?:|@import/i);
});

test.each([
  { amount: "€1,234.50", size: 32 },
  { amount: "€1,234,567,890.12", size: 22 },
])("$amount is written at $size pixels", ({ amount, size }) => {
  expect(mailPage({ ...PAGE, amount })).toMatch(new RegExp(`font-size:${size}px.*\n${amount[0]}`));
});

/** Relative luminance and contrast as WCAG 2 defines them. */
function contrast(one: string, other: string): number {
  const [a = 0, b = 0] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}

function luminance(colour: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = parts.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test.each(EVENTS)("the colour of %s can be read in the light and in the dark", (event) => {
  const html = mailPage({ ...PAGE, event });
  const [, light = ""] = /font-weight:600;color:(#\w{6})">/.exec(html) ?? [];
  const [, dark = ""] = /\.event { color: (#\w{6})/.exec(html) ?? [];
  expect(contrast(light, "#ffffff")).toBeGreaterThan(4.5);
  expect(contrast(dark, "#161b22")).toBeGreaterThan(4.5);
});
