import { concatBytes } from "../bytes.ts";
import { derivationHead, dukptKeyBytes, initialKeyIdBytes } from "./dukpt.ts";
import { encipherBlock } from "./pin-block.ts";

/**
 * The initial key that is loaded into one reader (ANSI X9.24-3:2017, 6.3.3): 16 bytes, which the
 * caller wipes. `initialKeyId` is the reader's own, 8 bytes.
 */
export function deriveInitialKey(
  baseDerivationKey: Uint8Array,
  initialKeyId: Uint8Array,
): Uint8Array {
  if (baseDerivationKey.length !== dukptKeyBytes || initialKeyId.length !== initialKeyIdBytes) {
    throw new Error("bug: base derivation key and initial key id have 16 and 8 bytes");
  }
  const data = concatBytes(derivationHead("keyDerivationInitialKey"), initialKeyId);
  return encipherBlock(baseDerivationKey, data);
}
