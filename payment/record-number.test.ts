import { expect, test } from "vitest";
import { errorFrom } from "../test/error-from.ts";
import { parseRelayId } from "./identifiers.ts";
import { formatRecordNumber, newRecordNumber, parseRecordNumber } from "./record-number.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const relayId = parseRelayId("A1");
const sample = newRecordNumber(relayId, 1_795_392_000_123, Uint8Array.of(3, 141, 59, 26, 53));

test("begins with the relay id and is read back", () => {
  expect(sample).toMatch(/^A1[0-9A-HJKMNP-TV-Z]{10}$/);
  expect(parseRecordNumber(sample)).toBe(sample);
});

test("numbers of later seconds sort behind, until they start again", () => {
  const numberAt = (second: number) => newRecordNumber(relayId, second * 1_000, new Uint8Array(5));
  const inOrder = [0, 1, 31, 32, 1_023, 1_024, 32 ** 4 - 1].map(numberAt);
  expect(inOrder.toSorted()).toEqual(inOrder);
  expect(numberAt(32 ** 4)).toBe(numberAt(0));
});

test("is read as printed, in lower case, and with letters that look like digits", () => {
  expect(parseRecordNumber(formatRecordNumber(sample))).toBe(sample);
  const spoken = sample.toLowerCase().replaceAll("1", "l").replaceAll("0", "o");
  expect(parseRecordNumber(` ${spoken} `)).toBe(sample);
});

test("every single wrong character is found", () => {
  const wrong = [...sample].flatMap((right, index) =>
    [...ALPHABET]
      .filter((character) => character !== right)
      .map((character) => sample.slice(0, index) + character + sample.slice(index + 1)),
  );
  expect(wrong).toHaveLength(12 * 31);
  expect(wrong.filter((text) => isAccepted(text))).toEqual([]);
});

test("every swap of neighbours is found", () => {
  const swaps = Array.from({ length: 11 }, (_, index) => {
    const [left = "", right = ""] = [sample[index], sample[index + 1]];
    return sample.slice(0, index) + right + left + sample.slice(index + 2);
  }).filter((swapped) => swapped !== sample);
  expect(swaps.length).toBeGreaterThan(8);
  expect(swaps.filter((text) => isAccepted(text))).toEqual([]);
});

test.each([
  { name: "nothing", text: "" },
  { name: "eleven characters", text: sample.slice(1) },
  { name: "a character outside the alphabet", text: `${sample.slice(0, 11)}U` },
])("refuses $name", ({ text }) => {
  expect(errorFrom(() => parseRecordNumber(text))).toEqual({
    code: "MALFORMED_REQUEST",
    message: `record_number must be 12 letters and digits, got ${text.length} characters`,
  });
});

function isAccepted(text: string): boolean {
  try {
    parseRecordNumber(text);
    return true;
  } catch {
    return false;
  }
}
