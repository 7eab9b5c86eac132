import { describe, expect, test } from "vitest";
import vectors from "../../test/vectors/aes-dukpt-iso9564-format4.json" with { type: "json" };
import { concatBytes } from "../bytes.ts";
import { clearPanField, encipherBlock, encipherPinBlock, xor } from "../pin/pin-block.ts";
import type { Random } from "../random.ts";
import { withOneBitFlipped } from "../testing/one-bit-flipped.ts";
import { refusalOf } from "../testing/refusal-of.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { decipherPinBlock } from "./pin-block.ts";

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex").toUpperCase();
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const random = seededRandom(91);
const pinKey = random.bytes(16);
const { pan, pin } = vectors;

test.each(vectors.transactions)("the block of counter $counter is the published one", (row) => {
  const publishedFill: Random = { bytes: () => bytesOf(vectors.pin_field.slice(16)) };
  const key = bytesOf(row.pin_encryption_key);
  const block = encipherPinBlock({ pinKey: key, pin, pan, random: publishedFill });
  expect(hexOf(block)).toBe(row.encrypted_pin_block);
  expect(textOf(decipherPinBlock({ pinKey: key, block, pan }))).toBe(pin);
});

test("the card number's field is the published one", () => {
  expect(hexOf(clearPanField(pan) ?? new Uint8Array(0))).toBe(vectors.pan_field);
});

test.each([
  { pin: "0000", pan: "000000000000" },
  { pin: "12345", pan: "4242424242424242" },
  { pin: "123456789012", pan: "9999999999999999999" },
  { pin: "999999999999", pan: "378282246310005" },
])("a PIN of any length comes back with card number $pan", (row) => {
  const block = encipherPinBlock({ ...row, pinKey, random });
  expect(textOf(decipherPinBlock({ pinKey, block, pan: row.pan }))).toBe(row.pin);
});

test("digits may be bytes, which stay as they were", () => {
  const ascii = { pin: new TextEncoder().encode(pin), pan: new TextEncoder().encode(pan) };
  const block = encipherPinBlock({ ...ascii, pinKey, random });
  expect(textOf(decipherPinBlock({ pinKey, block, pan: ascii.pan }))).toBe(pin);
  expect(textOf(ascii.pin)).toBe(pin);
});

test("the same PIN never gives the same block", () => {
  const blocks = Array.from({ length: 100 }, () =>
    hexOf(encipherPinBlock({ pinKey, pin, pan, random })),
  );
  expect(new Set(blocks).size).toBe(100);
});

test.each([
  { name: "3 digits", pin: "123", pan },
  { name: "13 digits", pin: "1234567890123", pan },
  { name: "a letter", pin: "12a4", pan },
  { name: "another script's digits", pin: "١٢٣٤", pan },
  { name: "a sign", pin: "+123", pan },
  { name: "a card number of 11 digits", pin, pan: "41111111111" },
  { name: "a card number of 20 digits", pin, pan: "41111111111111111111" },
  { name: "a card number with blanks", pin, pan: "4111 1111 1111 1111" },
])("$name is a bug, and the message shows no digit of it", (row) => {
  const message = "bug: a PIN has 4 to 12 decimal digits, a card number 12 to 19";
  expect(() => encipherPinBlock({ ...row, pinKey, random })).toThrow(new Error(message));
});

describe("deciphering has one failure for", () => {
  const block = encipherPinBlock({ pinKey, pin, pan, random });

  test("one flipped bit in any byte", () => {
    const reasons = withOneBitFlipped(block).map((changed) =>
      refusalOf(() => decipherPinBlock({ pinKey, block: changed, pan })),
    );
    expect(new Set(reasons)).toEqual(new Set(["PIN block"]));
  });

  test.each([
    { name: "another card number", pan: "4111111111111129", key: pinKey, length: 16 },
    { name: "a longer card number", pan: `${pan}0`, key: pinKey, length: 16 },
    { name: "no card number", pan: "", key: pinKey, length: 16 },
    { name: "another key", pan, key: pinKey.with(0, 1), length: 16 },
    { name: "a block of 15 bytes", pan, key: pinKey, length: 15 },
    { name: "a block of 8 bytes", pan, key: pinKey, length: 8 },
    { name: "two blocks", pan, key: pinKey, length: 32 },
  ])("$name", ({ pan: otherPan, key, length }) => {
    const cut = concatBytes(block, block).subarray(0, length);
    const run = () => decipherPinBlock({ pinKey: key, block: cut, pan: otherPan });
    expect(refusalOf(run)).toBe("PIN block");
  });

  test.each([
    { name: "format 3", field: "341234AAAAAAAAAA" },
    { name: "a length of 3", field: "43123AAAAAAAAAAA" },
    { name: "a length of 13", field: "4D1234567890123A" },
    { name: "a digit above 9", field: "44123BAAAAAAAAAA" },
    { name: "other fill", field: "441234AAAAAAAAAF" },
    { name: "a longer PIN than it says", field: "4412345AAAAAAAAA" },
  ])("$name", ({ field }) => {
    const panField = clearPanField(pan) ?? new Uint8Array(0);
    const enciphered = encipherBlock(pinKey, bytesOf(`${field}0011223344556677`));
    const made = encipherBlock(pinKey, xor(enciphered, panField));
    expect(refusalOf(() => decipherPinBlock({ pinKey, block: made, pan }))).toBe("PIN block");
  });
});
