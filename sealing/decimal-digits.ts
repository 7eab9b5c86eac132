/** Decimal digits as text or as ASCII bytes; the second form can be wiped. */
export type Digits = string | Uint8Array;

/**
 * One number 0 to 9 per digit, for a buffer the caller wipes. Null when anything else is in it, or
 * when there are fewer or more digits than allowed: the message of an error must not show them.
 */
export function parseDigits(
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
