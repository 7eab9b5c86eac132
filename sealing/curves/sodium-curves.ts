import { SealedDataRejected } from "../sealed-data-rejected.ts";
import { type Curves, keyBytes, requirePrivateKey } from "./curves.ts";
import { boxKeyFrom, keyIdOf } from "./hash.ts";
import type { Sodium } from "./sodium.ts";
import { signatureBytes, strictVerifier } from "./strict-ed25519.ts";

/** libsodium's curves: half the time of OpenSSL's, and nothing to gain from importing a key. */
export function sodiumCurves(sodium: Sodium): Curves {
  return {
    name: "sodium",

    signer(seed) {
      requirePrivateKey(seed);
      const publicKey = new Uint8Array(keyBytes);
      const secretKey = new Uint8Array(2 * keyBytes);
      sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
      return {
        publicKey,
        keyId: keyIdOf(publicKey),
        sign(message) {
          const signature = new Uint8Array(signatureBytes);
          sodium.crypto_sign_detached(signature, message, secretKey);
          return signature;
        },
      };
    },

    verifier(publicKey) {
      return strictVerifier(
        publicKey,
        (strictPublicKey) => (message, signature) =>
          sodium.crypto_sign_verify_detached(signature, message, strictPublicKey),
      );
    },

    agreement(secretKey) {
      requirePrivateKey(secretKey);
      const ownCopy = new Uint8Array(secretKey);
      const publicKey = new Uint8Array(keyBytes);
      sodium.crypto_scalarmult_base(publicKey, ownCopy);
      const x25519 = x25519Of(sodium);
      return {
        publicKey,
        keyId: keyIdOf(publicKey),
        sharedKey: (peerPublicKey) => boxKeyFrom(x25519(ownCopy, peerPublicKey)),
      };
    },
  };
}

function x25519Of(sodium: Sodium): (secretKey: Uint8Array, peer: Uint8Array) => Uint8Array {
  return (secretKey, peerPublicKey) => {
    if (peerPublicKey.length !== keyBytes) throw new SealedDataRejected("public key");
    const result = new Uint8Array(keyBytes);
    try {
      sodium.crypto_scalarmult(result, secretKey, peerPublicKey);
    } catch {
      // libsodium refuses a result of zeros itself: the peer's point has low order.
      throw new SealedDataRejected("shared key");
    }
    return result;
  };
}
