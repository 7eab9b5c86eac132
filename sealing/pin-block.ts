import { aesBlockBytes, encipherBlock } from "./aes-block.ts";
import { type Digits, parseDigits } from "./decimal-digits.ts";
import type { Random } from "./random.ts";

/** ISO 9564-1, 9.4.2: a PIN has 4 to 12 digits. */
export const pinDigitsLimits = { min: 4, max: 12 };
/** ISO/IEC 7812-1 gives card numbers up to 19 digits; the shortest in use have 12. */
export const panDigitsLimits = { min: 12, max: 19 };

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
