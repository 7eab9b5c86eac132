import nacl from "tweetnacl";

/** Encryption with one shared 32-byte key: NaCl's `crypto_secretbox`. */
export interface SecretBox {
  /** 16-byte tag, then the ciphertext. `nonce`: 24 bytes, never twice with one key. */
  seal(message: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;
  /** The message, or null whatever is wrong. */
  open(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | null;
}

/** XSalsa20-Poly1305. A faster implementation of the same bytes would replace this one. */
export const secretBox: SecretBox = {
  seal: (message, nonce, key) => nacl.secretbox(message, nonce, key),
  open: (box, nonce, key) => nacl.secretbox.open(box, nonce, key),
};

export const nonceBytes = 24;
export const tagBytes = 16;
