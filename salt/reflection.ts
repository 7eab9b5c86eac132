import { equalBytes } from "../sealing/bytes.ts";
import { SealedDataRejected } from "../sealing/sealed-data-rejected.ts";

/**
 * A peer that shows one's own key is one's own packets sent back.
 *
 * @throws SealedDataRejected when the keys are equal.
 */
export function requireOther(peerPublicKey: Uint8Array, ownPublicKey: Uint8Array): void {
  if (equalBytes(peerPublicKey, ownPublicKey)) throw new SealedDataRejected("channel reflected");
}
