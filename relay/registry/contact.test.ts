import { expect, test } from "vitest";
import { errorFrom } from "../../test/error-from.ts";
import { addressKey, type Contact, parseContact } from "./contact.ts";

const NOBODY: Contact = { phone: "", email: "", language: "", timeZone: "" };

test.each([
  { name: "nothing: defaults", given: {}, kept: { language: "en", timeZone: "UTC" } },
  {
    name: "a number as people write it",
    given: { phone: "+1 (202) 555-0123" },
    kept: { phone: "+12025550123" },
  },
  {
    name: "a Chinese mobile",
    given: { phone: "+8613812345678" },
    kept: { phone: "+8613812345678" },
  },
  {
    name: "a mailbox",
    given: { email: "a.b+c@shop.example" },
    kept: { email: "a.b+c@shop.example" },
  },
  { name: "a language in any case", given: { language: "ZH-cn" }, kept: { language: "zh-CN" } },
  ...[
    "till@bücher.example",
    "kasse@xn--bcher-kva.example",
    "街角@咖啡.example",
    "o'neil+till@shop.example",
    "a.b-c_d@sub.shop.example",
    `${"a".repeat(64)}@shop.example`,
  ].map((email) => ({ name: email, given: { email }, kept: { email } })),
  {
    name: "a time zone by the name that it was given",
    given: { timeZone: "Asia/Kolkata" },
    kept: { timeZone: "Asia/Kolkata" },
  },
  {
    name: "a time zone",
    given: { timeZone: "Asia/Shanghai" },
    kept: { timeZone: "Asia/Shanghai" },
  },
])("takes $name", ({ given, kept }) => {
  expect(parseContact({ ...NOBODY, ...given }, "contact.")).toMatchObject(kept);
});

test.each([
  ...[
    ["a premium number", "+37190012345"],
    ["an American one", "+19002345678"],
    ["a personal number", "+447012345678"],
    ["a satellite", "+8816123456789"],
    ["a toll-free number", "+18002345678"],
    ["an international service", "+80012345678"],
  ].map(([name = "", phone = ""]) => ({ name, given: { phone }, field: "contact.phone" })),
  { name: "a number without country", given: { phone: "02025550199" }, field: "contact.phone" },
  { name: "a number that nobody can have", given: { phone: "+4412" }, field: "contact.phone" },
  {
    name: "a number in a sentence",
    given: { phone: "call +12025550123" },
    field: "contact.phone",
  },
  { name: "a mailbox without host", given: { email: "owner" }, field: "contact.email" },
  { name: "a mailbox with a name", given: { email: "T <t@shop.example>" }, field: "contact.email" },
  { name: "two mailboxes", given: { email: "a@b.example,c@d.example" }, field: "contact.email" },
  {
    name: "a mailbox with a header behind it",
    given: { email: "a@b.example\r\nBcc: c@d.example" },
    field: "contact.email",
  },
  {
    name: "a mailbox that is too long",
    given: { email: `a@${"b".repeat(60)}.${"c.".repeat(99)}de` },
    field: "contact.email",
  },
  ...[
    "a.@shop.example",
    ".a@shop.example",
    "a..b@shop.example",
    "a@shop",
    "a@-shop.example",
    "a@shop.example.",
    "a@shop.123",
    "a@127.0.0.1",
    "a@[127.0.0.1]",
    "a b@shop.example",
    '"a"@shop.example',
    "a@b@shop.example",
    "a@shop_x.example",
    "a\u202e@shop.example",
    `${"a".repeat(65)}@shop.example`,
    `${"ä".repeat(33)}@shop.example`,
  ].map((email) => ({ name: JSON.stringify(email), given: { email }, field: "contact.email" })),
  { name: "no language", given: { language: "no language" }, field: "contact.language" },
  { name: "no time zone", given: { timeZone: "Mars/Base" }, field: "contact.time_zone" },
])("refuses $name", ({ given, field }) => {
  const { code, message } = errorFrom(() => parseContact({ ...NOBODY, ...given }, "contact."));
  expect(code).toBe("MALFORMED_REQUEST");
  expect(message).toMatch(new RegExp(`^${field} must be `));
  expect(message).not.toContain(Object.values(given).join());
});

test("an address is one, however it is written", () => {
  for (const same of [
    "Till@Bücher.example",
    "till@xn--bcher-kva.example",
    "TILL@BU\u0308CHER.EXAMPLE",
  ]) {
    expect(addressKey(same)).toBe("till@xn--bcher-kva.example");
  }
  expect(addressKey("+12025550123")).toBe("+12025550123");
});
