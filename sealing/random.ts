import { randomFillSync } from "node:crypto";

/** Where keys, nonces and fill bytes come from. Passed in, so that a test can repeat a run. */
export interface Random {
  /** `length` fresh bytes, which the caller owns. */
  bytes(length: number): Uint8Array;
}

/** The operating system's generator. Nothing else in the project draws randomness. */
export const systemRandom: Random = {
  bytes(length) {
    return randomFillSync(new Uint8Array(length));
  },
};
