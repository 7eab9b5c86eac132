import { concatBytes } from "../bytes.ts";

/** What a box is for. Each purpose has its own keys; the byte inside is the second lock. */
export const BOX_PURPOSES = { card: 1, pin: 2, hop: 3 } as const;
export type BoxPurpose = keyof typeof BOX_PURPOSES;

/** The first byte of every plaintext. */
export const boxVersion = 1;

/** H(context): SHA-512. */
export const contextDigestBytes = 64;

/** Where the content begins: version, purpose, H(context). */
export const boundContentOffset = 2 + contextDigestBytes;

/**
 * The plaintext of a card or PIN box: version ‖ purpose ‖ H(context)[64] ‖ content ‖ zeros. NaCl
 * boxes have no associated data, so what binds a box to its payment is inside it.
 *
 * The caller wipes it.
 */
export function boundPlaintext(options: {
  readonly purpose: BoxPurpose;
  readonly contextDigest: Uint8Array;
  readonly content: readonly Uint8Array[];
  readonly lengthBytes: number;
}): Uint8Array {
  const { purpose, contextDigest, content, lengthBytes } = options;
  if (contextDigest.length !== contextDigestBytes) {
    throw new Error(`bug: H(context) has 64 bytes, got ${contextDigest.length}`);
  }
  const contentBytes = content.reduce((sum, part) => sum + part.length, 0);
  const padding = new Uint8Array(lengthBytes - boundContentOffset - contentBytes);
  const head = Uint8Array.of(boxVersion, BOX_PURPOSES[purpose]);
  return concatBytes(head, contextDigest, ...content, padding);
}
