import { sha512 } from "./sha512.ts";

/** Eight bytes name a key or a certificate; whoever trusts it compares the whole of it. */
export const idBytes = 8;

/** The first 8 bytes of SHA-512 of a raw 32-byte public key. */
export function keyIdOf(publicKey: Uint8Array): Uint8Array {
  return sha512(publicKey).slice(0, idBytes);
}

/** The first 8 bytes of SHA-512 of a certificate's payload, as it was signed. */
export function certificateIdOf(payload: Uint8Array): Uint8Array {
  return sha512(payload).slice(0, idBytes);
}
