import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { SealedDataRejected } from "../sealed-data-rejected.ts";
import { type Curves, keyBytes, requirePrivateKey } from "./curves.ts";
import { boxKeyFrom, keyIdOf } from "./hash.ts";
import { strictVerifier } from "./strict-ed25519.ts";

/**
 * OpenSSL's curves: where libsodium does not load. Importing a key costs 3 µs (public) to 40 µs
 * (private), next to 45 µs for a signature and 110 µs for a verification: keep the capabilities.
 */
export const nodeCurves: Curves = {
  name: "node",

  signer(seed) {
    requirePrivateKey(seed);
    const privateKey = importPrivateKey(seed, "ed25519");
    const publicKey = rawPublicKeyOf(privateKey);
    return {
      publicKey,
      keyId: keyIdOf(publicKey),
      sign: (message) => new Uint8Array(sign(null, message, privateKey)),
    };
  },

  verifier(publicKey) {
    return strictVerifier(publicKey, (strictPublicKey) => {
      const imported = importPublicKey(strictPublicKey, "ed25519");
      return (message, signature) => verify(null, message, imported, signature);
    });
  },

  agreement(secretKey) {
    requirePrivateKey(secretKey);
    const privateKey = importPrivateKey(secretKey, "x25519");
    const publicKey = rawPublicKeyOf(privateKey);
    return {
      publicKey,
      keyId: keyIdOf(publicKey),
      sharedKey: (peerPublicKey) => boxKeyFrom(x25519(privateKey, peerPublicKey)),
    };
  },
};

type CurveName = "ed25519" | "x25519";

function importPrivateKey(raw: Uint8Array, asymmetricKeyType: CurveName): KeyObject {
  return createPrivateKey({ key: raw, format: "raw-private", asymmetricKeyType });
}

function importPublicKey(raw: Uint8Array, asymmetricKeyType: CurveName): KeyObject {
  return createPublicKey({ key: raw, format: "raw-public", asymmetricKeyType });
}

function rawPublicKeyOf(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(privateKey).export({ format: "raw-public" }));
}

function x25519(privateKey: KeyObject, peerPublicKey: Uint8Array): Uint8Array {
  if (peerPublicKey.length !== keyBytes) throw new SealedDataRejected("public key");
  const publicKey = importPublicKey(peerPublicKey, "x25519");
  try {
    return diffieHellman({ privateKey, publicKey });
  } catch {
    // OpenSSL refuses a result of zeros itself: the peer's point has low order.
    throw new SealedDataRejected("shared key");
  }
}
