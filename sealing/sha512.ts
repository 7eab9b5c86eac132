import { hash } from "node:crypto";

/** SHA-512 of `bytes`: 64 bytes. The idempotency digest is this over the reader_payment bytes. */
export function sha512(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash("sha512", bytes, "buffer"));
}
