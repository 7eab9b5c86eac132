import { SealedDataRejected } from "../sealed-data-rejected.ts";
import type { Verifier } from "./curves.ts";
import { keyIdOf } from "./hash.ts";

/**
 * One rule for every backend, so that two programs never disagree about the same bytes:
 *
 * - the public key is 32 bytes, its y below p, and none of the eight points of small order;
 * - the signature is 64 bytes, its S below L (no second signature made from a first one);
 * - R is held to the same rule as the public key;
 * - then the equation without cofactor, R compared byte by byte: what both backends do.
 *
 * @param equationOf gives the backend's own check for a key; sees only what passed the above.
 * @throws SealedDataRejected for a public key outside the rule.
 */
export function strictVerifier(
  publicKey: Uint8Array,
  equationOf: (publicKey: Uint8Array) => (message: Uint8Array, signature: Uint8Array) => boolean,
): Verifier {
  requireStrictPublicKey(publicKey);
  const ownCopy = new Uint8Array(publicKey);
  const satisfiesEquation = equationOf(ownCopy);
  return {
    publicKey: ownCopy,
    keyId: keyIdOf(ownCopy),
    verify(message, signature) {
      return (
        signature.length === signatureBytes &&
        isBelow(signature.subarray(pointBytes), groupOrder) &&
        isStrictPoint(signature.subarray(0, pointBytes)) &&
        satisfiesEquation(message, signature)
      );
    },
  };
}

/** Whether certificates may carry `publicKey`. @throws SealedDataRejected when not. */
function requireStrictPublicKey(publicKey: Uint8Array): void {
  if (publicKey.length !== pointBytes || !isStrictPoint(publicKey)) {
    throw new SealedDataRejected("public key");
  }
}

const pointBytes = 32;
export const signatureBytes = 64;

/** L, the prime order of the base point (RFC 8032, section 5.1), little-endian like all below. */
const groupOrder = littleEndian(2n ** 252n + 27742317777372353535851937790883648493n);
const fieldPrimeNumber = 2n ** 255n - 19n;
const fieldPrime = littleEndian(fieldPrimeNumber);

/** The y of a point of order 8; the other two points of that order's y is its negative. */
const orderEightY = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;

/**
 * The y coordinates of the points whose order divides 8; x and −x share a y, so five are enough.
 * Anybody can "sign" any message for such a key.
 */
const smallOrderYs = [
  0n,
  1n,
  fieldPrimeNumber - 1n,
  orderEightY,
  fieldPrimeNumber - orderEightY,
].map(littleEndian);

function isStrictPoint(encoded: Uint8Array): boolean {
  const y = new Uint8Array(encoded);
  y[pointBytes - 1] = (y[pointBytes - 1] ?? 0) & 0x7f; // The top bit is the sign of x.
  return isBelow(y, fieldPrime) && !smallOrderYs.some((smallOrderY) => isSame(y, smallOrderY));
}

/** Compares little-endian numbers. All inputs are public, so the time taken may depend on them. */
function isBelow(left: Uint8Array, right: Uint8Array): boolean {
  for (let index = pointBytes - 1; index >= 0; index -= 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  for (let index = 0; index < pointBytes; index += 1) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: pointBytes }, (_, index) =>
    Number((value >> BigInt(8 * index)) & 0xffn),
  );
}
