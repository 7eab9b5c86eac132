import { isAllZero } from "../bytes.ts";
import type { Agreement } from "../curves/curves.ts";
import { ksnBytes } from "../pin/dukpt.ts";
import { pinBlockBytes } from "../pin/pin-block.ts";
import { pinBoxBytes } from "../pin/pin-box.ts";
import { SealedDataRejected } from "../sealed-data-rejected.ts";
import { openBoundContent } from "./bound-content.ts";

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
