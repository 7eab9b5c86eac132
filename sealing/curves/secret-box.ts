import nacl from "tweetnacl";
import { type Sodium, sodium } from "./sodium.ts";

/** Encryption with one shared 32-byte key: NaCl's `crypto_secretbox`, XSalsa20-Poly1305. */
export interface SecretBox {
  /** 16-byte tag, then the ciphertext. `nonce`: 24 bytes, never twice with one key. */
  seal(message: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;
  /** The message, or null whatever is wrong. */
  open(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | null;
}

export const tweetnaclSecretBox: SecretBox = {
  seal: (message, nonce, key) => nacl.secretbox(message, nonce, key),
  open: (box, nonce, key) => nacl.secretbox.open(box, nonce, key),
};

export function sodiumSecretBox(binding: Sodium): SecretBox {
  return {
    seal(message, nonce, key) {
      const box = new Uint8Array(message.length + tagBytes);
      binding.crypto_secretbox_easy(box, message, nonce, key);
      return box;
    },
    open(box, nonce, key) {
      if (box.length < tagBytes) return null;
      const message = new Uint8Array(box.length - tagBytes);
      return binding.crypto_secretbox_open_easy(message, box, nonce, key) ? message : null;
    },
  };
}

export const nonceBytes = 24;
export const tagBytes = 16;

/** The faster of the two that this machine has; they make the same bytes. */
export const secretBox: SecretBox =
  sodium === undefined ? tweetnaclSecretBox : sodiumSecretBox(sodium);
