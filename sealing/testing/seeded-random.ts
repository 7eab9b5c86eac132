import { isProduction } from "../../settings/environment.ts";
import { concatBytes } from "../bytes.ts";
import { sha512 } from "../curves/hash.ts";
import type { Random } from "../random.ts";

/**
 * Bytes that anybody who knows `seed` can compute: for tests and simulation alone.
 *
 * The stream is SHA-512(seed ‖ block number) for block numbers 0, 1, 2 …
 *
 * @throws Error when NODE_ENV is `production`.
 */
export function seededRandom(seed: number | string): Random {
  if (isProduction()) {
    throw new Error("bug: a seeded generator must not run in production");
  }
  const prefix = new TextEncoder().encode(`seeded random ${seed} `);
  let blockNumber = 0;
  let rest = new Uint8Array(0);
  return {
    bytes(length) {
      while (rest.length < length) {
        const block = sha512(concatBytes(prefix, new TextEncoder().encode(String(blockNumber))));
        rest = concatBytes(rest, block);
        blockNumber += 1;
      }
      const drawn = rest.slice(0, length);
      rest = rest.slice(length);
      return drawn;
    },
  };
}
