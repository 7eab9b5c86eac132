import { equalBytes } from "../bytes.ts";
import type { Signer, Verifier } from "../curves/curves.ts";
import { sha512 } from "../curves/hash.ts";

/** Everything that is signed or hashed names what it is, so that nothing passes for another. */
export const PAYLOAD_TYPES = {
  "reader-certificate": "application/vnd.cardlane.reader-certificate.v1+protobuf",
  "terminal-certificate": "application/vnd.cardlane.terminal-certificate.v1+protobuf",
  "relay-certificate": "application/vnd.cardlane.relay-certificate.v1+protobuf",
  manifest: "application/vnd.cardlane.manifest.v1+protobuf",
  "manifest-delegation": "application/vnd.cardlane.manifest-delegation.v1+protobuf",
  enrolment: "application/vnd.cardlane.enrolment.v1+protobuf",
  "payment-context": "application/vnd.cardlane.payment-context.v1+protobuf",
  "reader-payment": "application/vnd.cardlane.reader-payment.v1+protobuf",
  instruction: "application/vnd.cardlane.instruction.v1+protobuf",
  reverse: "application/vnd.cardlane.reverse.v1+protobuf",
  result: "application/vnd.cardlane.result.v1+protobuf",
  completion: "application/vnd.cardlane.completion.v1+protobuf",
  // Bytes of a fixed layout, see box-results.ts.
  "box-results": "application/vnd.cardlane.box-results.v1",
} as const;
export type PayloadType = keyof typeof PAYLOAD_TYPES;

/** The same shape as the contract's SignedEnvelope. */
export interface Envelope {
  /** The bytes that were signed, never serialized again. */
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
}

interface EnvelopeSignature {
  /** 8 bytes: a hint at which key to try, not covered by the signature. */
  readonly keyId: Uint8Array;
  /** 64 bytes. Several may be right for one body: never use these bytes as an identifier. */
  readonly signature: Uint8Array;
}

/** The 64-byte Ed25519 signature over the pre-authentication encoding of `body`. */
export function sign(type: PayloadType, body: Uint8Array, signer: Signer): Uint8Array {
  return signer.sign(preAuthenticationEncoding(type, body));
}

/** Whether `signature` is `verifier`'s over `body` as a `type`. Verify first, parse then. */
export function verify(options: {
  readonly type: PayloadType;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
  readonly verifier: Verifier;
}): boolean {
  const { type, body, signature, verifier } = options;
  return verifier.verify(preAuthenticationEncoding(type, body), signature);
}

/** SHA-512 over the pre-authentication encoding: 64 bytes, H(type, body) of the protocol. */
export function digest(type: PayloadType, body: Uint8Array): Uint8Array {
  return sha512(preAuthenticationEncoding(type, body));
}

/** Puts the signatures of all `signers` around `payload`. */
export function signEnvelope(
  type: PayloadType,
  payload: Uint8Array,
  signers: readonly Signer[],
): Envelope {
  const encoding = preAuthenticationEncoding(type, payload);
  return {
    payload,
    signatures: signers.map((signer) => ({
      keyId: signer.keyId,
      signature: signer.sign(encoding),
    })),
  };
}

/**
 * Whether at least `threshold` different keys among `trustedKeys` signed the envelope.
 * Keys are counted, not signatures: one key that signs twice, or is listed twice, counts once.
 */
export function verifyThreshold(options: {
  readonly type: PayloadType;
  readonly envelope: Envelope;
  readonly trustedKeys: readonly Verifier[];
  readonly threshold: number;
}): boolean {
  const { type, envelope, trustedKeys, threshold } = options;
  if (threshold < 1) throw new Error(`bug: a threshold is at least 1, got ${threshold}`);
  if (envelope.signatures.length > signaturesMax) return false;
  const encoding = preAuthenticationEncoding(type, envelope.payload);
  const signedBy = distinctKeys(trustedKeys).filter((key) =>
    envelope.signatures.some(
      ({ keyId, signature }) => equalBytes(keyId, key.keyId) && key.verify(encoding, signature),
    ),
  );
  return signedBy.length >= threshold;
}

/** Three roots sign; during a rotation six. More would only cost verifications. */
const signaturesMax = 8;

function distinctKeys(keys: readonly Verifier[]): readonly Verifier[] {
  const byPublicKey = new Map(keys.map((key) => [Buffer.from(key.publicKey).toString("hex"), key]));
  return [...byPublicKey.values()];
}

/** DSSE v1: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body, lengths in decimal bytes. */
export function preAuthenticationEncoding(type: PayloadType, body: Uint8Array): Uint8Array {
  const payloadType = PAYLOAD_TYPES[type];
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `;
  const encoding = new Uint8Array(head.length + body.length);
  utf8.encodeInto(head, encoding);
  encoding.set(body, head.length);
  return encoding;
}

const utf8 = new TextEncoder();
