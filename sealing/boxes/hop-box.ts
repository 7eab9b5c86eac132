import { concatBytes, equalBytes } from "../bytes.ts";
import { nonceBytes, secretBox, tagBytes } from "../curves/secret-box.ts";
import type { SharedKeys } from "../curves/shared-keys.ts";
import type { Random } from "../random.ts";
import { SealedDataRejected } from "../sealed-data-rejected.ts";
import { BOX_PURPOSES, boxVersion } from "./box-plaintext.ts";

/** Which way a hop box goes. Both ways share one key, so the box must say it. */
const HOP_DIRECTIONS = { request: 1, answer: 2 } as const;
type HopDirection = keyof typeof HOP_DIRECTIONS;

interface HopBoxPlace {
  /** Own keys with those of the other end. */
  readonly sharedKeys: SharedKeys;
  /** X25519, 32 bytes: `processor_hop` for the relay, `relay_hop` for the processor. */
  readonly peerPublicKey: Uint8Array;
  /** `request` from relay to processor, `answer` back. */
  readonly direction: HopDirection;
  /** Two characters of [0-9A-Z]: the relay at one end of the hop. */
  readonly relayId: string;
}

/**
 * Encrypts `payload`, which the caller wipes, for the other end of the hop between relay and
 * processor.
 *
 * Layout: nonce[24] ‖ tag[16] ‖ ciphertext of 01 03 ‖ direction ‖ relay id[2] ‖ payload.
 */
export function sealHopBox(
  options: HopBoxPlace & { readonly random: Random; readonly payload: Uint8Array },
): Uint8Array {
  const { sharedKeys, peerPublicKey, random, payload } = options;
  const nonce = random.bytes(nonceBytes);
  const message = concatBytes(hopHead(options), payload);
  const key = sharedKeys.sharedKey(peerPublicKey);
  try {
    return concatBytes(nonce, secretBox.seal(message, nonce, key));
  } finally {
    message.fill(0);
  }
}

/**
 * Opens a box that the other end sealed in this direction for this relay id, so that neither an own
 * box sent back nor another relay's passes.
 *
 * @throws SealedDataRejected whatever is wrong.
 */
export function openHopBox(options: HopBoxPlace & { readonly box: Uint8Array }): Uint8Array {
  const { sharedKeys, peerPublicKey, box } = options;
  if (box.length < hopBoxOverheadBytes) throw new SealedDataRejected("length");
  const key = sharedKeys.sharedKey(peerPublicKey);
  const message = secretBox.open(box.subarray(nonceBytes), box.subarray(0, nonceBytes), key);
  if (message === null) throw new SealedDataRejected("box");
  if (!equalBytes(message.subarray(0, hopHeadBytes), hopHead(options))) {
    throw new SealedDataRejected("purpose");
  }
  return message.subarray(hopHeadBytes);
}

const hopHeadBytes = 5;
/** How much longer a hop box is than its payload. */
export const hopBoxOverheadBytes = nonceBytes + tagBytes + hopHeadBytes;

function hopHead({ direction, relayId }: HopBoxPlace): Uint8Array {
  if (!/^[0-9A-Z]{2}$/.test(relayId)) {
    throw new Error(`bug: a relay id is two characters of [0-9A-Z], got ${relayId.length}`);
  }
  return Uint8Array.of(
    boxVersion,
    BOX_PURPOSES.hop,
    HOP_DIRECTIONS[direction],
    relayId.charCodeAt(0),
    relayId.charCodeAt(1),
  );
}
