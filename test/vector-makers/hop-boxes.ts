import { openHopBox, sealHopBox } from "../../sealing/boxes/hop-box.ts";
import { SharedKeys } from "../../sealing/curves/shared-keys.ts";
import {
  bytes,
  curves,
  fixed,
  flipped,
  hex,
  KEYS,
  repeated,
  text,
  type Vector,
  type VectorFile,
} from "./vector.ts";

const payload = repeated(0x61, 40);
const publicKeyOf = (secretKey: Uint8Array) => curves.agreement(secretKey).publicKey;
const keysOf = (secretKey: Uint8Array) =>
  new SharedKeys({ agreement: curves.agreement(secretKey), peersMax: 1 });

const box = sealHopBox({
  sharedKeys: keysOf(KEYS.relayHop),
  peerPublicKey: publicKeyOf(KEYS.processorHop),
  direction: "request",
  relayId: "A1",
  random: fixed(0x14),
  payload,
});
const good = {
  secret_key: hex(KEYS.processorHop),
  peer_public_key: hex(publicKeyOf(KEYS.relayHop)),
  direction: "request",
  relay_id: "A1",
  sealed: hex(box),
};
const refused = (name: string, why: string, change: Partial<typeof good>): Vector => {
  return { name, why, given: { ...good, ...change }, expect: "SEALED_DATA_REJECTED" };
};

/** What did the other end of the hop send? */
export const hopBoxes: VectorFile = {
  name: "hop-boxes",
  about:
    "sealed is HopBox.sealed as the holder of secret_key got it from peer_public_key. " +
    "Give the payload, a HopRequest or HopAnswer.",
  vectors: [
    {
      name: "a request",
      why: "from this relay to this processor",
      given: good,
      expect: "accepted",
    },
    {
      name: "the sender's own",
      why: "a NaCl box opens with either secret key",
      given: {
        ...good,
        secret_key: hex(KEYS.relayHop),
        peer_public_key: hex(publicKeyOf(KEYS.processorHop)),
      },
      expect: "accepted",
    },
    refused("the other direction", "a request sent back is no answer", { direction: "answer" }),
    refused("another relay's", "the relay id is inside", { relay_id: "B2" }),
    refused("another key", "it was sealed to somebody else", { secret_key: hex(KEYS.stranger) }),
    refused("from somebody else", "the peer is part of the key", {
      peer_public_key: hex(publicKeyOf(KEYS.stranger)),
    }),
    refused("nonce changed", "it is part of the stream key", { sealed: hex(flipped(box, 0)) }),
    refused("tag changed", "it covers every byte", { sealed: hex(flipped(box, 24)) }),
    refused("payload changed", "the tag covers it", { sealed: hex(flipped(box, -1)) }),
    refused("cut short", "a byte is missing", { sealed: hex(box.subarray(0, -1)) }),
    refused("only a nonce", "there is nothing in it", { sealed: hex(box.subarray(0, 24)) }),
  ],
  judge: (given) => {
    const direction = text(given, "direction") === "request" ? "request" : "answer";
    const opened = openHopBox({
      sharedKeys: keysOf(bytes(given, "secret_key")),
      peerPublicKey: bytes(given, "peer_public_key"),
      direction,
      relayId: text(given, "relay_id"),
      box: bytes(given, "sealed"),
    });
    return { payload: hex(opened) };
  },
};
