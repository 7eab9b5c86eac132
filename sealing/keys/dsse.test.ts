import { describe, expect, test } from "vitest";
import { type Curves, generateSigner, type Signer } from "../curves/curves.ts";
import { sha512 } from "../curves/hash.ts";
import { nodeCurves } from "../curves/node-curves.ts";
import { withOneBitFlipped } from "../testing/one-bit-flipped.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import {
  digest,
  type Envelope,
  PAYLOAD_TYPES,
  type PayloadType,
  preAuthenticationEncoding,
  sign,
  signEnvelope,
  verify,
  verifyThreshold,
} from "./dsse.ts";

const curves: Curves = nodeCurves;
const random = seededRandom(71);
const [rootA, rootB, rootC, stranger] = Array.from(
  { length: 4 },
  () => generateSigner({ curves, random }).signer,
) as [Signer, Signer, Signer, Signer];
const roots = [rootA, rootB, rootC].map((root) => curves.verifier(root.publicKey));
const body = random.bytes(300);

test("the encoding names type and lengths", () => {
  const text = new TextDecoder().decode(
    preAuthenticationEncoding("result", new TextEncoder().encode("hello world")),
  );
  expect(text).toBe("DSSEv1 43 application/vnd.cardlane.result.v1+protobuf 11 hello world");
});

test.each(Object.entries(PAYLOAD_TYPES))("%s has its own payload type", (name, payloadType) => {
  const layout = name === "box-results" ? "" : "+protobuf";
  expect(payloadType).toBe(`application/vnd.cardlane.${name}.v1${layout}`);
});

test("the digest is SHA-512 over the encoding", () => {
  const encoding = preAuthenticationEncoding("payment-context", body);
  expect(digest("payment-context", body)).toEqual(sha512(encoding));
});

describe("a signature", () => {
  const signature = sign("reader-payment", body, rootA);
  const verifier = curves.verifier(rootA.publicKey);
  const believes = (changes: Partial<Parameters<typeof verify>[0]>) =>
    verify({ type: "reader-payment", body, signature, verifier, ...changes });

  test("is believed", () => {
    expect(believes({})).toBe(true);
  });

  test("is not believed for any other type", () => {
    const others = (Object.keys(PAYLOAD_TYPES) as PayloadType[]).filter((type) =>
      believes({ type }),
    );
    expect(others).toEqual(["reader-payment"]);
  });

  test("is not believed for another body, key or signature", () => {
    expect(withOneBitFlipped(body).filter((changed) => believes({ body: changed }))).toEqual([]);
    expect(believes({ verifier: curves.verifier(rootB.publicKey) })).toBe(false);
    expect(believes({ body: body.subarray(1) })).toBe(false);
    expect(believes({ signature: sign("reader-payment", body, rootB) })).toBe(false);
    expect(believes({ signature: rootA.sign(body) })).toBe(false);
  });
});

describe("two of three", () => {
  const counts = (envelope: Envelope, changes: { type?: PayloadType } = {}) =>
    verifyThreshold({ type: "manifest", envelope, trustedKeys: roots, threshold: 2, ...changes });
  const by = (...signers: Signer[]) => signEnvelope("manifest", body, signers);
  const [signatureA, signatureB] = by(rootA, rootB).signatures as [
    Envelope["signatures"][number],
    Envelope["signatures"][number],
  ];

  test.each([
    { name: "A and B", envelope: by(rootA, rootB) },
    { name: "B and C", envelope: by(rootB, rootC) },
    { name: "all three", envelope: by(rootA, rootB, rootC) },
    { name: "A, a stranger and C", envelope: by(rootA, stranger, rootC) },
  ])("$name are enough", ({ envelope }) => {
    expect(counts(envelope)).toBe(true);
  });

  test.each([
    { name: "nobody", envelope: by() },
    { name: "A alone", envelope: by(rootA) },
    { name: "A twice", envelope: by(rootA, rootA) },
    { name: "A and a stranger", envelope: by(rootA, stranger) },
    {
      name: "A under B's key id",
      envelope: {
        payload: body,
        signatures: [signatureA, { ...signatureA, keyId: rootB.keyId }],
      },
    },
    {
      name: "B over another payload",
      envelope: {
        payload: body,
        signatures: [signatureA, { ...signatureB, signature: rootB.sign(body) }],
      },
    },
    {
      name: "B without a key id",
      envelope: {
        payload: body,
        signatures: [signatureA, { ...signatureB, keyId: new Uint8Array(0) }],
      },
    },
    {
      name: "A and B over other bytes",
      envelope: { ...by(rootA, rootB), payload: body.subarray(1) },
    },
    {
      name: "A and B among too many",
      envelope: by(rootA, rootB, ...Array.from({ length: 7 }, () => stranger)),
    },
  ])("$name are not", ({ envelope }) => {
    expect(counts(envelope)).toBe(false);
  });

  test("signatures over another type are not", () => {
    expect(counts(by(rootA, rootB), { type: "manifest-delegation" })).toBe(false);
  });

  test("one key that is trusted twice counts once", () => {
    const [key] = roots as [(typeof roots)[number]];
    const envelope = by(rootA, rootA);
    const trustedKeys = [key, curves.verifier(rootA.publicKey)];
    expect(verifyThreshold({ type: "manifest", envelope, trustedKeys, threshold: 2 })).toBe(false);
  });
});

test.each([0, -1])("a threshold of %i is a bug", (threshold) => {
  const envelope = signEnvelope("manifest", body, [rootA]);
  const message = `bug: a threshold is at least 1, got ${threshold}`;
  const run = () => verifyThreshold({ type: "manifest", envelope, trustedKeys: roots, threshold });
  expect(run).toThrow(message);
});
