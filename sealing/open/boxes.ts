import {
  BOX_PURPOSES,
  type BoxPurpose,
  boundContentOffset,
  boxVersion,
  contextDigestBytes,
} from "../boxes/box-plaintext.ts";
import { cardBoxBytes, cardDataBytesMax } from "../boxes/card-box.ts";
import { sealedBoxNonce, sealedBoxOverheadBytes } from "../boxes/sealed-box.ts";
import { equalBytes, isAllZero } from "../bytes.ts";
import { type Agreement, keyBytes } from "../curves/curves.ts";
import { secretBox } from "../curves/secret-box.ts";
import { ksnBytes } from "../pin/dukpt.ts";
import { pinBlockBytes } from "../pin/pin-block.ts";
import { pinBoxBytes } from "../pin/pin-box.ts";
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

/**
 * Opens a card or PIN box and checks length, version, purpose and H(context). Gives the content
 * with its padding. The caller wipes it.
 *
 * @throws SealedDataRejected whatever is wrong.
 */
function openBoundContent(options: {
  readonly agreement: Agreement;
  readonly purpose: BoxPurpose;
  /** H(payment-context, the signed context bytes), computed by the opener itself. */
  readonly contextDigest: Uint8Array;
  readonly sealed: Uint8Array;
  readonly sealedBytes: number;
}): Uint8Array {
  const { agreement, purpose, contextDigest, sealed, sealedBytes } = options;
  if (contextDigest.length !== contextDigestBytes) {
    throw new Error(`bug: H(context) has 64 bytes, got ${contextDigest.length}`);
  }
  if (sealed.length !== sealedBytes) throw new SealedDataRejected("length");
  const plaintext = openSealedBox({ agreement, sealed });
  try {
    if (plaintext[0] !== boxVersion || plaintext[1] !== BOX_PURPOSES[purpose]) {
      throw new SealedDataRejected("purpose");
    }
    if (!equalBytes(plaintext.subarray(2, boundContentOffset), contextDigest)) {
      throw new SealedDataRejected("context");
    }
    return plaintext.slice(boundContentOffset);
  } finally {
    plaintext.fill(0);
  }
}

/**
 * Opens the card data of one payment: the serialized CardData. The caller wipes it.
 *
 * @throws SealedDataRejected whatever is wrong.
 */
export function openCardBox(options: {
  readonly agreement: Agreement;
  /** H(payment-context, the signed context bytes), computed by the opener itself. */
  readonly contextDigest: Uint8Array;
  readonly sealed: Uint8Array;
}): Uint8Array {
  const content = openBoundContent({ ...options, purpose: "card", sealedBytes: cardBoxBytes });
  try {
    const length = ((content[0] ?? 0) << 8) | (content[1] ?? 0);
    if (length > cardDataBytesMax) throw new SealedDataRejected("length");
    if (!isAllZero(content.subarray(2 + length))) throw new SealedDataRejected("padding");
    return content.slice(2, 2 + length);
  } finally {
    content.fill(0);
  }
}

/**
 * Opens the PIN box of one payment: the block in it is still enciphered under its DUKPT key.
 *
 * @throws SealedDataRejected whatever is wrong.
 */
export function openPinBox(options: {
  readonly agreement: Agreement;
  /** H(payment-context, the signed context bytes), computed by the opener itself. */
  readonly contextDigest: Uint8Array;
  readonly sealed: Uint8Array;
}): { readonly ksn: Uint8Array; readonly block: Uint8Array } {
  const content = openBoundContent({ ...options, purpose: "pin", sealedBytes: pinBoxBytes });
  const blockEnd = ksnBytes + pinBlockBytes;
  if (!isAllZero(content.subarray(blockEnd))) throw new SealedDataRejected("padding");
  return { ksn: content.slice(0, ksnBytes), block: content.slice(ksnBytes, blockEnd) };
}
