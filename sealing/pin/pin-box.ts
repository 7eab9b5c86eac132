import { boundPlaintext } from "../boxes/box-plaintext.ts";
import { sealBox, sealedBoxOverheadBytes } from "../boxes/sealed-box.ts";
import type { Curves } from "../curves/curves.ts";
import type { Random } from "../random.ts";
import { ksnBytes } from "./dukpt.ts";
import { pinBlockBytes } from "./pin-block.ts";

export const pinPlaintextBytes = 128;
export const pinBoxBytes = pinPlaintextBytes + sealedBoxOverheadBytes;

/**
 * Seals an enciphered PIN block for the PIN service, bound to one payment. Gives 176 bytes.
 *
 * Plaintext: 01 02 ‖ H(context)[64] ‖ KSN[12] ‖ block[16] ‖ zeros, 128 bytes. The block inside is
 * already under AES: PCI PIN security accepts nothing else for a PIN.
 */
export function sealPinBox(options: {
  readonly curves: Curves;
  readonly random: Random;
  readonly recipientPublicKey: Uint8Array;
  readonly contextDigest: Uint8Array;
  /** Key serial number under which `block` was enciphered, 12 bytes. */
  readonly ksn: Uint8Array;
  /** ISO 9564-1 format 4, enciphered, 16 bytes. */
  readonly block: Uint8Array;
}): Uint8Array {
  const { curves, random, recipientPublicKey, contextDigest, ksn, block } = options;
  if (ksn.length !== ksnBytes || block.length !== pinBlockBytes) {
    throw new Error(`bug: KSN and block have 12 and 16 bytes, got ${ksn.length}, ${block.length}`);
  }
  const message = boundPlaintext({
    purpose: "pin",
    contextDigest,
    content: [ksn, block],
    lengthBytes: pinPlaintextBytes,
  });
  try {
    return sealBox({ curves, random, recipientPublicKey, message });
  } finally {
    message.fill(0);
  }
}
