import {
  BOX_PURPOSES,
  type BoxPurpose,
  boundContentOffset,
  boxVersion,
  contextDigestBytes,
} from "../boxes/box-plaintext.ts";
import { equalBytes } from "../bytes.ts";
import type { Agreement } from "../curves/curves.ts";
import { SealedDataRejected } from "../sealed-data-rejected.ts";
import { openSealedBox } from "./sealed-box.ts";

/**
 * Opens a card or PIN box and checks length, version, purpose and H(context). Gives the content
 * with its padding. The caller wipes it.
 *
 * @throws SealedDataRejected whatever is wrong.
 */
export function openBoundContent(options: {
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
