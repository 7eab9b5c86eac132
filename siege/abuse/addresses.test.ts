import { expect, test } from "vitest";
import { parseContact } from "../../relay/registry/contact.ts";
import { nthAddress } from "./addresses.ts";

const NOBODY = { phone: "", email: "", language: "", timeZone: "" };
const SOME = Array.from({ length: 400 }, (_, n) => nthAddress(n));

test("hundreds of addresses are different ones", () => {
  expect(new Set(SOME.map(({ value }) => value)).size).toBe(SOME.length);
  expect(SOME.filter(({ isCostly }) => isCostly)).toHaveLength(100);
});

test("those that cost nothing more may get receipts", () => {
  for (const { case: kind, value } of SOME.filter(({ isCostly }) => !isCostly)) {
    expect(parseContact({ ...NOBODY, [kind]: value }, "")).toMatchObject({ [kind]: value });
  }
});

test("costly ones are telephone numbers that there may be, and refused for what they cost", () => {
  for (const { case: kind, value } of SOME.filter(({ isCostly }) => isCostly)) {
    expect(() => parseContact({ ...NOBODY, [kind]: value }, "")).toThrow(
      "must be a number that gets SMS at the usual price, and no service",
    );
  }
});
