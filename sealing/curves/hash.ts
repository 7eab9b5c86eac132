import { hash } from "node:crypto";
import { blake2b as slowBlake2b } from "@noble/hashes/blake2.js";
import nacl from "tweetnacl";
import { sodium } from "./sodium.ts";

/** SHA-512 of `bytes`: 64 bytes. The idempotency digest is this over the reader_payment bytes. */
export function sha512(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash("sha512", bytes, "buffer"));
}

/** BLAKE2b without a key (RFC 7693): `length` bytes, 16 to 64. */
export function blake2b(message: Uint8Array, length: number): Uint8Array {
  if (sodium === undefined) return slowBlake2b(message, { dkLen: length });
  const result = new Uint8Array(length);
  sodium.crypto_generichash(result, message);
  return result;
}

/**
 * HSalsa20(key, 0): turns an X25519 result into the key of an XSalsa20-Poly1305 box, as NaCl's
 * `crypto_box_beforenm` does (Bernstein, "Extending the Salsa20 nonce", section 2).
 */
export function boxKeyFrom(x25519Result: Uint8Array): Uint8Array {
  const key = new Uint8Array(32);
  lowlevel.crypto_core_hsalsa20(key, zeros, x25519Result, sigma);
  return key;
}

const zeros = new Uint8Array(16);
const sigma = new TextEncoder().encode("expand 32-byte k");

// The package exports its building blocks under this name but leaves them out of its types.
const { lowlevel } = nacl as unknown as {
  readonly lowlevel: {
    crypto_core_hsalsa20(
      output: Uint8Array,
      input: Uint8Array,
      key: Uint8Array,
      constant: Uint8Array,
    ): void;
  };
};

/** Eight bytes name a key or a certificate; whoever trusts it compares the whole of it. */
const idBytes = 8;

/** The first 8 bytes of SHA-512 of a raw 32-byte public key. */
export function keyIdOf(publicKey: Uint8Array): Uint8Array {
  return sha512(publicKey).slice(0, idBytes);
}

/** The first 8 bytes of SHA-512 of a certificate's payload, as it was signed. */
export function certificateIdOf(payload: Uint8Array): Uint8Array {
  return sha512(payload).slice(0, idBytes);
}
