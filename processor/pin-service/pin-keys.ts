import { createSecretKey, type KeyObject } from "node:crypto";
import type { Agreement, Curves } from "../../sealing/curves/curves.ts";
import { SharedKeys } from "../../sealing/curves/shared-keys.ts";
import type { KeyFolder } from "../../sealing/keys/key-files.ts";

/** The PIN service's keys. Nothing else can open a PIN block or say whether a PIN is right. */
export interface PinKeys {
  /** AES-128 base derivation key of all readers, 16 bytes. */
  readonly baseDerivation: Uint8Array;
  /** 32 bytes, for `pinReferenceOf`. */
  readonly pinReference: KeyObject;
  /** 32 bytes, for `cardTokenOf`; another than the processor's. */
  readonly cardToken: KeyObject;
  readonly hop: { readonly sharedKeys: SharedKeys; readonly keyId: Uint8Array };
  /** X25519 key of the one processor that is served, 32 bytes. */
  readonly processorHop: Uint8Array;
  /** The key that readers seal PIN blocks to; undefined for an id that is not here. */
  pin(keyId: Uint8Array): Agreement | undefined;
}

/** Reads CARDLANE_KEYS_DIR. @throws Error naming what is missing. */
export function readPinKeys(folder: KeyFolder, curves: Curves): PinKeys {
  const hop = curves.agreement(folder.readKey("pin-hop"));
  const pins = new Map(
    folder
      .readKeys("pin")
      .map(({ secretKey }) => curves.agreement(secretKey))
      .map((agreement) => [hex(agreement.keyId), agreement]),
  );
  return {
    baseDerivation: folder.readKey("base-derivation"),
    pinReference: createSecretKey(folder.readKey("pin-reference")),
    cardToken: createSecretKey(folder.readKey("card-token")),
    hop: { sharedKeys: new SharedKeys({ agreement: hop, peersMax: 1 }), keyId: hop.keyId },
    processorHop: folder.readPublicKey("processor-pin-hop"),
    pin: (keyId) => pins.get(hex(keyId)),
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
