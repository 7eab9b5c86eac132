import {
  deriveInitialKey,
  deriveKey,
  initialKeyIdBytes,
  isPossibleCounter,
  ksnBytes,
} from "../pin/dukpt.ts";
import { SealedDataRejected } from "../sealed-data-rejected.ts";

/**
 * The PIN key that the reader used at this key serial number: 16 bytes, which the caller wipes.
 *
 * @throws SealedDataRejected for a KSN that no device gives.
 */
export function derivePinKey(baseDerivationKey: Uint8Array, ksn: Uint8Array): Uint8Array {
  if (ksn.length !== ksnBytes) throw new SealedDataRejected("key serial number");
  const { initialKeyId, counter } = parseKsn(ksn);
  if (!isPossibleCounter(counter)) throw new SealedDataRejected("key serial number");
  const initialKey = deriveInitialKey(baseDerivationKey, initialKeyId);
  const key = deriveTransactionKey(initialKey, initialKeyId, counter);
  const pinKey = deriveKey(key, "pinEncryption", initialKeyId, counter);
  key.fill(0);
  return pinKey;
}

/** Splits a KSN into its initial key id (8 bytes) and counter (u32). */
export function parseKsn(ksn: Uint8Array): {
  readonly initialKeyId: Uint8Array;
  readonly counter: number;
} {
  if (ksn.length !== ksnBytes) throw new SealedDataRejected("key serial number");
  const counter = new DataView(ksn.buffer, ksn.byteOffset).getUint32(initialKeyIdBytes);
  return { initialKeyId: ksn.slice(0, initialKeyIdBytes), counter };
}

/**
 * Follows the one-bits of `counter` from the highest down, one derivation each. `initialKey` and
 * every key on the way are wiped.
 */
export function deriveTransactionKey(
  initialKey: Uint8Array,
  initialKeyId: Uint8Array,
  counter: number,
): Uint8Array {
  let key = initialKey;
  let reached = 0;
  for (let position = 31; position >= 0; position -= 1) {
    if (Math.floor(counter / 2 ** position) % 2 === 0) continue;
    reached += 2 ** position;
    const next = deriveKey(key, "keyDerivation", initialKeyId, reached);
    key.fill(0);
    key = next;
  }
  return key;
}
