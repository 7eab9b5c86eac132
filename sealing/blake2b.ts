import { blake2b as slowBlake2b } from "@noble/hashes/blake2.js";
import { sodium } from "./sodium.ts";

/** BLAKE2b without a key (RFC 7693): `length` bytes, 16 to 64. */
export function blake2b(message: Uint8Array, length: number): Uint8Array {
  if (sodium === undefined) return slowBlake2b(message, { dkLen: length });
  const result = new Uint8Array(length);
  sodium.crypto_generichash(result, message);
  return result;
}
