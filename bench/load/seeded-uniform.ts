import { seededRandom } from "../../sealing/testing/seeded-random.ts";

/** Numbers from 0 up to 1, the same for the same seed. */
export function seededUniform(seed: number): () => number {
  const random = seededRandom(seed);
  const numbersAtOnce = 1_024;
  let drawn: DataView = new DataView(new ArrayBuffer(0));
  let next = 0;
  return () => {
    if (next === drawn.byteLength) {
      drawn = new DataView(random.bytes(4 * numbersAtOnce).buffer);
      next = 0;
    }
    const number = drawn.getUint32(next);
    next += 4;
    return number / 2 ** 32;
  };
}
