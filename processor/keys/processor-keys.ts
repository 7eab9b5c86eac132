import { createSecretKey, type KeyObject } from "node:crypto";
import { KeyPurpose } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { Agreement, Curves, Signer } from "../../sealing/curves/curves.ts";
import { SharedKeys } from "../../sealing/curves/shared-keys.ts";
import type { KeyFolder } from "../../sealing/keys/key-files.ts";
import type { Manifest } from "../../sealing/keys/manifest.ts";
import type { TrustedRoots } from "../../sealing/keys/trusted-roots.ts";
import { CurrentManifest } from "./manifest-renewal.ts";

/** Relays with which shared keys are kept, per own hop key. */
const RELAYS_MAX = 1_000;

/** The processor's keys: several generations of each may be in use while they are rotated. */
export interface ProcessorKeys {
  readonly roots: TrustedRoots;
  /** For revocations: the latest that `manifestAt` gave. */
  readonly manifest: Manifest;
  /** Renewed when it is about to go out of date. */
  manifestAt(nowMs: number): Manifest;
  /** 32 bytes, for `cardTokenOf`. */
  readonly cardToken: KeyObject;
  /** Towards the PIN service. */
  readonly pinHop: { readonly sharedKeys: SharedKeys; readonly keyId: Uint8Array };
  /** X25519 key of the PIN service's hop, 32 bytes. */
  readonly pinServiceHop: Uint8Array;
  /** @throws PaymentError KEY_NOT_VALID for a key id that is not, or no longer, here. */
  card(keyId: Uint8Array): Agreement;
  /** @throws PaymentError KEY_NOT_VALID */
  hop(keyId: Uint8Array): SharedKeys;
  /** The result key in use at this moment. @throws PaymentError KEY_NOT_VALID */
  resultSigner(nowMs: number): Signer;
}

/**
 * Reads CARDLANE_KEYS_DIR, and renews the manifest there when it is about to go out of date.
 *
 * @throws Error naming what is missing.
 */
export function readProcessorKeys(options: {
  readonly folder: KeyFolder;
  readonly curves: Curves;
  readonly nowMs: number;
  /** The manifest in use is still good, and a person has to see to the next one. */
  readonly onRenewalFailed: (error: unknown) => void;
}): ProcessorKeys {
  const { folder, curves, nowMs } = options;
  const roots = folder.readTrustedRoots(curves);
  const manifest = new CurrentManifest({ folder, curves, roots, nowMs }, options.onRenewalFailed);
  const agreements = (purpose: "card" | "hop") =>
    folder.readKeys(purpose).map(({ secretKey }) => curves.agreement(secretKey));
  const cards = byKeyId(agreements("card"));
  const hops = new Map(
    agreements("hop").map((agreement) => [
      hex(agreement.keyId),
      new SharedKeys({ agreement, peersMax: RELAYS_MAX }),
    ]),
  );
  const results = byKeyId(
    folder.readKeys("result").map(({ secretKey }) => curves.signer(secretKey)),
  );
  const pinHop = curves.agreement(folder.readKey("pin-hop"));
  return {
    roots,
    get manifest() {
      return manifest.latest;
    },
    manifestAt: (nowMs) => manifest.at(nowMs),
    cardToken: createSecretKey(folder.readKey("card-token")),
    pinHop: { sharedKeys: new SharedKeys({ agreement: pinHop, peersMax: 1 }), keyId: pinHop.keyId },
    pinServiceHop: folder.readPublicKey("pin-service-hop"),
    card: (keyId) => found(cards, keyId, "card"),
    hop: (keyId) => found(hops, keyId, "hop"),
    resultSigner: (nowMs) => {
      const { keyId } = manifest.at(nowMs).currentKey(KeyPurpose.PROCESSOR_RESULT, nowMs);
      return found(results, keyId, "result");
    },
  };
}

function byKeyId<Key extends { readonly keyId: Uint8Array }>(
  keys: readonly Key[],
): ReadonlyMap<string, Key> {
  return new Map(keys.map((key) => [hex(key.keyId), key]));
}

function found<Key>(keys: ReadonlyMap<string, Key>, keyId: Uint8Array, purpose: string): Key {
  const key = keys.get(hex(keyId));
  if (key === undefined) {
    throw new PaymentError("KEY_NOT_VALID", `the processor has no ${purpose} key of this id`);
  }
  return key;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
