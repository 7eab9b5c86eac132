import type { Random } from "./random.ts";

/** Numbers from 0 up to 1, for spreading things in time. */
export function jitterFrom(random: Random): () => number {
  return () => {
    const bytes = random.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32;
  };
}
