import { cardBoxBytes, cardDataBytesMax } from "../boxes/card-box.ts";
import { isAllZero } from "../bytes.ts";
import type { Agreement } from "../curves/curves.ts";
import { SealedDataRejected } from "../sealed-data-rejected.ts";
import { openBoundContent } from "./bound-content.ts";

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
