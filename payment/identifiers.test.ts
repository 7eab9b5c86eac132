import { expect, test } from "vitest";
import { errorFrom } from "../test/error-from.ts";
import {
  newPaymentId,
  parseMerchantId,
  parsePaymentId,
  parseReaderSerial,
  parseRelayId,
  parseTerminalId,
  paymentIdFromBytes,
  paymentIdToBytes,
} from "./identifiers.ts";

const randomness = Uint8Array.from({ length: 10 }, (_, index) => 0xf0 + index);

test("a new payment id is a UUID of version 7 that carries its time", () => {
  const id = newPaymentId(0x01932b5e8c1a, randomness);
  expect(id).toBe("01932b5e-8c1a-70f1-b2f3-f4f5f6f7f8f9");
});

test("ids made later sort later", () => {
  expect(newPaymentId(1_000, randomness) < newPaymentId(1_001, randomness)).toBe(true);
});

test("an id goes to bytes and back", () => {
  const id = newPaymentId(1_700_000_000_000, randomness);
  expect(paymentIdFromBytes(paymentIdToBytes(id))).toBe(id);
});

test("an id is read in any case", () => {
  expect(parsePaymentId("01932B5E-8C1A-70F1-B2F3-F4F5F6F7F8F9")).toBe(
    "01932b5e-8c1a-70f1-b2f3-f4f5f6f7f8f9",
  );
});

test.each([
  { name: "no id", run: () => parsePaymentId(""), message: /got nothing$/ },
  { name: "a short id", run: () => parsePaymentId("0193"), message: /got "0193"$/ },
  {
    name: "a card number, without quoting it",
    run: () => parsePaymentId("4242 4242 4242 4242"),
    message: /got 19 other characters$/,
  },
  { name: "15 bytes", run: () => paymentIdFromBytes(new Uint8Array(15)), message: /got 15$/ },
  {
    name: "a lower-case merchant",
    run: () => parseMerchantId("merchant0000001"),
    message: /^merchant_id/,
  },
  { name: "a long terminal", run: () => parseTerminalId("TERM00001"), message: /8 characters/ },
  {
    name: "a serial with a space",
    run: () => parseReaderSerial("RD 1"),
    message: /^reader_serial/,
  },
  { name: "a relay id with O", run: () => parseRelayId("AO"), message: /without I, L, O, U/ },
])("refuses $name", ({ run, message }) => {
  const error = errorFrom(run);
  expect(error.code).toBe("MALFORMED_REQUEST");
  expect(error.message).toMatch(message);
});

test.each(["00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"])(
  "%s stands for no payment, as text and as bytes",
  (text) => {
    expect(() => parsePaymentId(text)).toThrow(
      "payment_id must be a UUID of its own, got one of nobody",
    );
    const bytes = new Uint8Array(Buffer.from(text.replaceAll("-", ""), "hex"));
    expect(() => paymentIdFromBytes(bytes)).toThrow(
      "payment_id must be a UUID of its own, got one of nobody",
    );
  },
);
