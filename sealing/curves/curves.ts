import type { Random } from "../random.ts";

/** Signs with one Ed25519 private key, which it never shows. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** First 8 bytes of SHA-512 of the public key. */
  readonly keyId: Uint8Array;
  /** The 64-byte signature over `message`. */
  sign(message: Uint8Array): Uint8Array;
}

/** Verifies with one Ed25519 public key under the strict rule of `strict-ed25519.ts`. */
export interface Verifier {
  readonly publicKey: Uint8Array;
  readonly keyId: Uint8Array;
  /** False for every input that is not this key's signature; never throws. */
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/** Agrees on keys with one X25519 private key, which it never shows. */
export interface Agreement {
  readonly publicKey: Uint8Array;
  readonly keyId: Uint8Array;
  /**
   * The 32-byte key shared with the holder of `peerPublicKey`: HSalsa20(X25519, 0), which is
   * NaCl's `box.before`. Both directions of a pair have the same key.
   *
   * @throws SealedDataRejected when the peer's point has low order (X25519 gives zeros).
   */
  sharedKey(peerPublicKey: Uint8Array): Uint8Array;
}

/**
 * Curve operations. Backends differ in speed alone: same bytes, same verdict on every input.
 * Import a key once and keep what these give.
 */
export interface Curves {
  readonly name: "node" | "sodium" | "tweetnacl";
  /** `seed`: the 32-byte Ed25519 private key of RFC 8032. */
  signer(seed: Uint8Array): Signer;
  /** @throws SealedDataRejected for a key that is not 32 bytes, not canonical or of small order. */
  verifier(publicKey: Uint8Array): Verifier;
  /** `secretKey`: 32 bytes of RFC 7748, clamped when used. */
  agreement(secretKey: Uint8Array): Agreement;
}

/** A new Ed25519 key pair. `seed` is the private key: store it sealed, then `fill(0)` it. */
export function generateSigner(options: { curves: Curves; random: Random }): {
  readonly signer: Signer;
  readonly seed: Uint8Array;
} {
  const seed = options.random.bytes(keyBytes);
  return { signer: options.curves.signer(seed), seed };
}

/** A new X25519 key pair. `secretKey` is the private key: store it sealed, then `fill(0)` it. */
export function generateAgreement(options: { curves: Curves; random: Random }): {
  readonly agreement: Agreement;
  readonly secretKey: Uint8Array;
} {
  const secretKey = options.random.bytes(keyBytes);
  return { agreement: options.curves.agreement(secretKey), secretKey };
}

/** Length of every private, public and shared key here. */
export const keyBytes = 32;

/** Stops a program that passes something else where a private key belongs. */
export function requirePrivateKey(bytes: Uint8Array): void {
  if (bytes.length !== keyBytes) {
    throw new Error(`bug: a private key has ${keyBytes} bytes, got ${bytes.length}`);
  }
}
