import nacl from "tweetnacl";
import { isAllZero } from "../bytes.ts";
import { SealedDataRejected } from "../sealed-data-rejected.ts";
import { type Curves, keyBytes, requirePrivateKey } from "./curves.ts";
import { boxKeyFrom, keyIdOf } from "./hash.ts";
import { strictVerifier } from "./strict-ed25519.ts";

/**
 * TweetNaCl's curves: plain JavaScript, for a reader or terminal where no binary loads. A signature
 * costs about 4 ms here, a verification about 6 ms.
 */
export const tweetnaclCurves: Curves = {
  name: "tweetnacl",

  signer(seed) {
    requirePrivateKey(seed);
    const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(new Uint8Array(seed));
    return {
      publicKey,
      keyId: keyIdOf(publicKey),
      sign: (message) => nacl.sign.detached(message, secretKey),
    };
  },

  verifier(publicKey) {
    return strictVerifier(
      publicKey,
      (strictPublicKey) => (message, signature) =>
        nacl.sign.detached.verify(message, signature, strictPublicKey),
    );
  },

  agreement(secretKey) {
    requirePrivateKey(secretKey);
    const ownCopy = new Uint8Array(secretKey);
    const publicKey = nacl.scalarMult.base(ownCopy);
    return {
      publicKey,
      keyId: keyIdOf(publicKey),
      sharedKey: (peerPublicKey) => boxKeyFrom(x25519(ownCopy, peerPublicKey)),
    };
  },
};

function x25519(secretKey: Uint8Array, peerPublicKey: Uint8Array): Uint8Array {
  if (peerPublicKey.length !== keyBytes) throw new SealedDataRejected("public key");
  const result = nacl.scalarMult(secretKey, peerPublicKey);
  // TweetNaCl would go on and derive a key that everybody knows.
  if (isAllZero(result)) throw new SealedDataRejected("shared key");
  return result;
}
