import { createCipheriv, createDecipheriv } from "node:crypto";

/** One 16-byte block under AES-128, as X9.24-3 and ISO 9564-1 use it: no chaining, no padding. */
export function encipherBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  return new Uint8Array(cipher.update(block));
}

/** The inverse of `encipherBlock`, for several blocks under one key. */
export function blockDecipher(key: Uint8Array): (block: Uint8Array) => Uint8Array {
  const decipher = createDecipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  return (block) => new Uint8Array(decipher.update(block));
}

export const aesBlockBytes = 16;
