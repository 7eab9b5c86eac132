import { sealedBoxNonce, sealedBoxOverheadBytes } from "../boxes/sealed-box.ts";
import { type Agreement, keyBytes } from "../curves/curves.ts";
import { secretBox } from "../curves/secret-box.ts";
import { SealedDataRejected } from "../sealed-data-rejected.ts";

/**
 * Opens what `sealBox` sealed for this key.
 *
 * @throws SealedDataRejected whatever is wrong.
 */
export function openSealedBox(options: {
  readonly agreement: Agreement;
  readonly sealed: Uint8Array;
}): Uint8Array {
  const { agreement, sealed } = options;
  if (sealed.length < sealedBoxOverheadBytes) throw new SealedDataRejected("length");
  const ephemeralPublicKey = sealed.subarray(0, keyBytes);
  const key = agreement.sharedKey(ephemeralPublicKey);
  const nonce = sealedBoxNonce(ephemeralPublicKey, agreement.publicKey);
  const message = secretBox.open(sealed.subarray(keyBytes), nonce, key);
  if (message === null) throw new SealedDataRejected("box");
  return message;
}
