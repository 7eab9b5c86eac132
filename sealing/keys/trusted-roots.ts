import type { TrustedRoots as TrustedRootsWire } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import type { Curves, Verifier } from "../curves/curves.ts";

/** How many of a root's three keys must sign. */
export const ROOT_SIGNATURES_MIN = 2;
const ROOT_KEYS = 3;

/** The public keys that a program trusts from its installation on. */
export interface TrustedRoots {
  /** Signs reader certificates. */
  readonly vendor: readonly Verifier[];
  /** Signs terminal and relay certificates. */
  readonly acquirer: readonly Verifier[];
  /** Signs the delegation to the manifest signer. */
  readonly processor: readonly Verifier[];
  /** Made for development: only then are development certificates and keys accepted. */
  readonly isDevelopment: boolean;
}

/** @throws Error saying which root is incomplete: an installation like that must not start. */
export function parseTrustedRoots(wire: TrustedRootsWire, curves: Curves): TrustedRoots {
  const root = (name: string, keys: readonly Uint8Array[]) => {
    if (keys.length !== ROOT_KEYS) {
      throw new Error(`trusted roots need ${ROOT_KEYS} ${name} keys, got ${keys.length}`);
    }
    return keys.map((key) => curves.verifier(key));
  };
  return {
    vendor: root("vendor", wire.vendorKeys),
    acquirer: root("acquirer", wire.acquirerKeys),
    processor: root("processor", wire.processorKeys),
    isDevelopment: wire.development,
  };
}
