import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Random } from "../random.ts";

/** One 16-byte block under AES-128, as X9.24-3 and ISO 9564-1 use it: no chaining, no padding. */
export function encipherBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  return new Uint8Array(cipher.update(block));
}

/** The inverse of `encipherBlock`, for several blocks under one key. */
export function blockDecipher(key: Uint8Array): (block: Uint8Array) => Uint8Array {
  const decipher = createDecipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  return (block) => new Uint8Array(decipher.update(block));
}

const aesBlockBytes = 16;

/** Decimal digits as text or as ASCII bytes; the second form can be wiped. */
export type Digits = string | Uint8Array;

/**
 * One number 0 to 9 per digit, for a buffer the caller wipes. Null when anything else is in it, or
 * when there are fewer or more digits than allowed: the message of an error must not show them.
 */
function parseDigits(
  digits: Digits,
  limits: { readonly min: number; readonly max: number },
): Uint8Array | null {
  if (digits.length < limits.min || digits.length > limits.max) return null;
  const values = new Uint8Array(digits.length);
  for (let index = 0; index < digits.length; index += 1) {
    const code = typeof digits === "string" ? digits.charCodeAt(index) : digits[index];
    if (code === undefined || code < asciiZero || code > asciiZero + 9) {
      values.fill(0);
      return null;
    }
    values[index] = code - asciiZero;
  }
  return values;
}

export const asciiZero = 0x30;

/** ISO 9564-1, 9.4.2: a PIN has 4 to 12 digits. */
export const pinDigitsLimits = { min: 4, max: 12 };
/** ISO/IEC 7812-1 gives card numbers up to 19 digits; the shortest in use have 12. */
const panDigitsLimits = { min: 12, max: 19 };

export const pinBlockBytes = aesBlockBytes;

/**
 * Enciphers a PIN as an ISO 9564-1 format 4 block: AES(key, AES(key, PIN field) xor PAN field). It
 * deciphers to the PIN with the same card number only.
 *
 * @throws Error without the digits when PIN or card number are not decimal or of a wrong length.
 */
export function encipherPinBlock(options: {
  /** AES-128, for one payment. The caller wipes it. */
  readonly pinKey: Uint8Array;
  readonly pin: Digits;
  readonly pan: Digits;
  readonly random: Random;
}): Uint8Array {
  const pinField = clearPinField(options.pin, options.random);
  const panField = clearPanField(options.pan);
  if (pinField === null || panField === null) {
    pinField?.fill(0);
    throw new Error("bug: a PIN has 4 to 12 decimal digits, a card number 12 to 19");
  }
  try {
    const enciphered = encipherBlock(options.pinKey, pinField);
    return encipherBlock(options.pinKey, xor(enciphered, panField));
  } finally {
    pinField.fill(0);
    panField.fill(0);
  }
}

/** Format 4, control nibble and fill digit of the PIN field (ISO 9564-1, 9.4.2.2). */
export const pinFieldFormat = 4;
export const pinFieldFill = 0xa;
/** Where the random half of the PIN field begins, in bytes. */
export const pinFieldRandomOffset = 8;

/** `4 L P…P A…A` as nibbles in 8 bytes, then 8 random bytes. */
function clearPinField(pin: Digits, random: Random): Uint8Array | null {
  const digits = parseDigits(pin, pinDigitsLimits);
  if (digits === null) return null;
  const nibbles = new Uint8Array(2 * pinFieldRandomOffset).fill(pinFieldFill);
  nibbles.set([pinFieldFormat, digits.length]);
  nibbles.set(digits, 2);
  const field = new Uint8Array(pinBlockBytes);
  packNibbles(nibbles, field);
  field.set(random.bytes(pinBlockBytes - pinFieldRandomOffset), pinFieldRandomOffset);
  nibbles.fill(0);
  digits.fill(0);
  return field;
}

/** `M P…P 0…0` as nibbles in 16 bytes: M + 12 digits. Null when `pan` is no card number. */
export function clearPanField(pan: Digits): Uint8Array | null {
  const digits = parseDigits(pan, panDigitsLimits);
  if (digits === null) return null;
  const nibbles = new Uint8Array(2 * pinBlockBytes);
  nibbles[0] = digits.length - panDigitsLimits.min;
  nibbles.set(digits, 1);
  const field = new Uint8Array(pinBlockBytes);
  packNibbles(nibbles, field);
  nibbles.fill(0);
  digits.fill(0);
  return field;
}

/** Both 16 bytes. */
export function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((byte, index) => byte ^ (right[index] ?? 0));
}

function packNibbles(nibbles: Uint8Array, target: Uint8Array): void {
  for (let index = 0; index < nibbles.length / 2; index += 1) {
    target[index] = ((nibbles[2 * index] ?? 0) << 4) | (nibbles[2 * index + 1] ?? 0);
  }
}
