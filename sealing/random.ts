import { randomFillSync } from "node:crypto";

/** Where keys, nonces and fill bytes come from. Passed in, so that a test can repeat a run. */
export interface Random {
  /** `length` fresh bytes, which the caller owns. */
  bytes(length: number): Uint8Array;
}

const POOL_BYTES = 8_192;
const POOLED_BYTES_MAX = 256;
const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/**
 * The operating system's generator, asked for many bytes at a time: a call costs more than what it
 * brings. No byte is given twice, and none stays in the pool after it was given. Nothing else in
 * the project draws randomness.
 */
export const systemRandom: Random = {
  bytes(length) {
    if (length > POOLED_BYTES_MAX) return randomFillSync(new Uint8Array(length));
    if (used + length > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = pool.slice(used, used + length);
    pool.fill(0, used, used + length);
    used += length;
    return bytes;
  },
};

/** Numbers from 0 up to 1, for spreading things in time. */
export function jitterFrom(random: Random): () => number {
  return () => {
    const bytes = random.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32;
  };
}
