import type { Curves } from "../curves/curves.ts";
import type { Random } from "../random.ts";
import { boundContentOffset, boundPlaintext } from "./box-plaintext.ts";
import { sealBox, sealedBoxOverheadBytes } from "./sealed-box.ts";

/** Every card box has this plaintext length, so that the length of a card number does not show. */
export const cardPlaintextBytes = 512;
export const cardBoxBytes = cardPlaintextBytes + sealedBoxOverheadBytes;

/** The serialized CardData, at most; two bytes before it hold its length. */
export const cardDataBytesMax = cardPlaintextBytes - boundContentOffset - 2;

/**
 * Seals card data for the processor's card key, bound to one payment. Gives 560 bytes.
 *
 * Plaintext: 01 01 ‖ H(context)[64] ‖ length u16 big-endian ‖ card data ‖ zeros, 512 bytes.
 */
export function sealCardBox(options: {
  readonly curves: Curves;
  readonly random: Random;
  readonly recipientPublicKey: Uint8Array;
  readonly contextDigest: Uint8Array;
  readonly cardData: Uint8Array;
}): Uint8Array {
  const { curves, random, recipientPublicKey, contextDigest, cardData } = options;
  if (cardData.length > cardDataBytesMax) {
    throw new Error(`bug: card data is at most ${cardDataBytesMax} bytes, got ${cardData.length}`);
  }
  const length = Uint8Array.of(cardData.length >> 8, cardData.length & 0xff);
  const message = boundPlaintext({
    purpose: "card",
    contextDigest,
    content: [length, cardData],
    lengthBytes: cardPlaintextBytes,
  });
  try {
    return sealBox({ curves, random, recipientPublicKey, message });
  } finally {
    message.fill(0);
  }
}
