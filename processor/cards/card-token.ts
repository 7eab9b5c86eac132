import { createHmac, type KeyObject } from "node:crypto";
import type { Pan } from "../../payment/card.ts";

/**
 * What stands for a card number in a database: HMAC-SHA-256, 32 bytes. Without the key nobody can
 * try all numbers; each program has a key of its own, so that their tables cannot be joined.
 */
export function cardTokenOf(key: KeyObject, pan: Pan): Uint8Array {
  return createHmac("sha256", key).update(pan.revealPan(), "latin1").digest();
}
