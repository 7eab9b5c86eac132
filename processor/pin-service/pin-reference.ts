import { createHmac, type KeyObject } from "node:crypto";

/**
 * What is stored of a PIN: HMAC-SHA-256 over card token ‖ PIN, 32 bytes. There are only ten
 * thousand PINs of four digits, so it is worth no more than the key is kept.
 *
 * @param pin ASCII digits; the caller wipes them.
 */
export function pinReferenceOf(key: KeyObject, cardToken: Uint8Array, pin: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(cardToken).update(pin).digest();
}
