import { concatBytes } from "../bytes.ts";
import { type Curves, generateAgreement, keyBytes } from "../curves/curves.ts";
import { blake2b } from "../curves/hash.ts";
import { nonceBytes, secretBox, tagBytes } from "../curves/secret-box.ts";
import type { Random } from "../random.ts";

interface SealBoxOptions {
  readonly curves: Curves;
  readonly random: Random;
  /** X25519, 32 bytes. */
  readonly recipientPublicKey: Uint8Array;
  readonly message: Uint8Array;
}

/**
 * Seals `message` so that only the holder of the recipient's private key can open it; the sender
 * cannot, because the key pair made for this one box is forgotten.
 *
 * Layout (libsodium's `crypto_box_seal`): ephemeral public key[32] ‖ tag[16] ‖ ciphertext.
 *
 * @throws SealedDataRejected when the recipient's key is not a usable X25519 key.
 */
export function sealBox(options: SealBoxOptions): Uint8Array {
  const { recipientPublicKey, message } = options;
  const { agreement, secretKey } = generateAgreement(options);
  try {
    const key = agreement.sharedKey(recipientPublicKey);
    const nonce = sealedBoxNonce(agreement.publicKey, recipientPublicKey);
    return concatBytes(agreement.publicKey, secretBox.seal(message, nonce, key));
  } finally {
    secretKey.fill(0);
  }
}

/** The nonce follows from the two public keys, of which the first is used once. */
export function sealedBoxNonce(
  ephemeralPublicKey: Uint8Array,
  recipientPublicKey: Uint8Array,
): Uint8Array {
  return blake2b(concatBytes(ephemeralPublicKey, recipientPublicKey), nonceBytes);
}

/** How much longer a sealed box is than its message. */
export const sealedBoxOverheadBytes = keyBytes + tagBytes;
