import nacl from "tweetnacl";

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
