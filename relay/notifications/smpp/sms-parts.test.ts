import { expect, test } from "vitest";
import { gsmCodes, gsmText } from "./gsm-alphabet.ts";
import { DATA_CODING, smsParts } from "./sms-parts.ts";

const REFERENCE = 0x5ac3;

test.each([
  { name: "nothing", text: "", parts: 1, coding: DATA_CODING.gsm },
  { name: "160 letters", text: "a".repeat(160), parts: 1, coding: DATA_CODING.gsm },
  { name: "161 letters", text: "a".repeat(161), parts: 2, coding: DATA_CODING.gsm },
  { name: "80 euro signs, of two codes each", text: "€".repeat(80), parts: 1, coding: 0 },
  { name: "81 euro signs", text: "€".repeat(81), parts: 2, coding: DATA_CODING.gsm },
  { name: "70 Chinese characters", text: "卡".repeat(70), parts: 1, coding: DATA_CODING.ucs2 },
  { name: "71 Chinese characters", text: "卡".repeat(71), parts: 2, coding: DATA_CODING.ucs2 },
  { name: "a letter that GSM lacks", text: "ł", parts: 1, coding: DATA_CODING.ucs2 },
])("$name takes $parts", ({ text, parts, coding }) => {
  const message = smsParts(text, REFERENCE);
  expect(message.parts).toHaveLength(parts);
  expect(message).toMatchObject({ dataCoding: coding, hasHeader: parts > 1 });
});

test.each([
  { name: "an escape and its code", text: `${"a".repeat(151)}€${"b".repeat(20)}`, tail: "€" },
  { name: "a surrogate pair", text: `${"卡".repeat(65)}😀${"b".repeat(20)}`, tail: "😀" },
])("$name are never torn apart", ({ text, tail }) => {
  const { parts, dataCoding } = smsParts(text, REFERENCE);
  const second = Buffer.from(parts[1]?.subarray(7) ?? []);
  const decoded = dataCoding === 0 ? gsmText(second) : second.swap16().toString("utf16le");
  expect(decoded.startsWith(tail)).toBe(true);
});

test("each part names the whole, its number, and fits 140 octets", () => {
  const { parts } = smsParts("卡".repeat(140), REFERENCE);
  const headers = parts.map((part) => [...part.subarray(0, 7)]);
  expect(headers).toEqual([
    [6, 8, 4, 0x5a, 0xc3, 3, 1],
    [6, 8, 4, 0x5a, 0xc3, 3, 2],
    [6, 8, 4, 0x5a, 0xc3, 3, 3],
  ]);
  expect(parts.every((part) => part.length <= 140)).toBe(true);
});

test("what nobody would read on a phone is refused", () => {
  expect(() => smsParts("a".repeat(152 * 10 + 1), REFERENCE)).toThrow(/10 parts, this one has 11/);
});

test("the alphabet has 127 characters and ten more, and leads back to them", () => {
  const all = `${Array.from({ length: 128 }, (_, code) => gsmText(Uint8Array.of(code))).join("")}`;
  expect([...all]).toHaveLength(127);
  const extended = "^{}\\[~]|€\f";
  const codes = gsmCodes(all + extended);
  expect(gsmText(Uint8Array.from(codes?.flat() ?? []))).toBe(all + extended);
  expect(gsmCodes("ç")).toBeUndefined();
});
