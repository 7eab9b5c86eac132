import sodium from "sodium-native";
import { describe, expect, test } from "vitest";
import verdicts from "../../test/vectors/ed25519-verdicts.json" with { type: "json" };
import x25519Vectors from "../../test/vectors/salt-channel-v2-appendix-a.json" with {
  type: "json",
};
import { SealedDataRejected } from "../sealed-data-rejected.ts";
import { withOneBitFlipped } from "../testing/one-bit-flipped.ts";
import { refusalOf } from "../testing/refusal-of.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { type Curves, generateAgreement, generateSigner } from "./curves.ts";
import { nodeCurves } from "./node-curves.ts";
import { sodiumCurves } from "./sodium-curves.ts";
import { tweetnaclCurves } from "./tweetnacl-curves.ts";

const backends = [nodeCurves, sodiumCurves(sodium), tweetnaclCurves];
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

describe.each(backends)("$name", (curves) => {
  test.each(verdicts.vectors)("$name is $expect: $why", (vector) => {
    expect(verdictOf(curves, vector)).toBe(vector.expect);
  });

  test.each([
    { name: "0", publicKey: `${"00".repeat(32)}` },
    { name: "1", publicKey: `01${"00".repeat(31)}` },
    {
      name: "a point of order 8",
      publicKey: "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    },
    {
      name: "the other point of order 8",
      publicKey: "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    },
    { name: "p - 1", publicKey: `ec${"ff".repeat(30)}7f` },
    { name: "p", publicKey: `ed${"ff".repeat(30)}7f` },
    { name: "p + 1", publicKey: `ee${"ff".repeat(30)}7f` },
    { name: "p with the unused bit", publicKey: `ed${"ff".repeat(31)}` },
    { name: "1 with the unused bit", publicKey: `01${"00".repeat(30)}80` },
  ])("no key is agreed with the low-order point $name", ({ publicKey }) => {
    const { agreement } = generateAgreement({ curves, random: seededRandom(1) });
    expect(refusalOf(() => agreement.sharedKey(bytesOf(publicKey)))).toBe("shared key");
  });

  test.each([0, 31, 33])("no key is agreed with %i bytes", (length) => {
    const { agreement } = generateAgreement({ curves, random: seededRandom(1) });
    expect(refusalOf(() => agreement.sharedKey(new Uint8Array(length).fill(9)))).toBe("public key");
  });

  test.each([0, 31, 33, 64])("%i bytes are no private key", (length) => {
    const message = `bug: a private key has 32 bytes, got ${length}`;
    expect(() => curves.signer(new Uint8Array(length))).toThrow(message);
    expect(() => curves.agreement(new Uint8Array(length))).toThrow(message);
  });

  test("the shared key is the published session's", () => {
    const client = curves.agreement(bytesOf(x25519Vectors.client_ephemeral_sk));
    const server = curves.agreement(bytesOf(x25519Vectors.server_ephemeral_sk));
    const key = "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389";
    expect(Buffer.from(client.sharedKey(server.publicKey)).toString("hex")).toBe(key);
    expect(Buffer.from(server.sharedKey(client.publicKey)).toString("hex")).toBe(key);
  });

  test("a private key that is wiped after its import still signs and agrees", () => {
    const random = seededRandom(2);
    const { signer, seed } = generateSigner({ curves, random });
    const { agreement, secretKey } = generateAgreement({ curves, random });
    seed.fill(0);
    secretKey.fill(0);
    const message = random.bytes(40);
    const peer = generateAgreement({ curves, random }).agreement;
    expect(curves.verifier(signer.publicKey).verify(message, signer.sign(message))).toBe(true);
    expect(agreement.sharedKey(peer.publicKey)).toEqual(peer.sharedKey(agreement.publicKey));
  });

  test("a verifier keeps its key when the caller's array changes", () => {
    const { signer } = generateSigner({ curves, random: seededRandom(3) });
    const callersArray = signer.publicKey.slice();
    const verifier = curves.verifier(callersArray);
    callersArray.fill(0);
    const message = Uint8Array.of(1, 2, 3);
    expect(verifier.verify(message, signer.sign(message))).toBe(true);
  });
});

test.each([11, 12, 13])(
  "all backends and libsodium itself make the same bytes (seed %i)",
  (seed) => {
    const random = seededRandom(seed);
    const privateKey = random.bytes(32);
    const message = random.bytes(seed * 31);
    const sodiumPublicKey = new Uint8Array(32);
    const sodiumSecretKey = new Uint8Array(64);
    const sodiumSignature = new Uint8Array(64);
    sodium.crypto_sign_seed_keypair(sodiumPublicKey, sodiumSecretKey, privateKey);
    sodium.crypto_sign_detached(sodiumSignature, message, sodiumSecretKey);
    const peer = generateAgreement({ curves: nodeCurves, random }).agreement;
    const made = backends.map((curves) => ({
      publicKey: curves.signer(privateKey).publicKey,
      keyId: curves.signer(privateKey).keyId,
      signature: curves.signer(privateKey).sign(message),
      agreementKeyId: curves.agreement(privateKey).keyId,
      sharedKey: curves.agreement(privateKey).sharedKey(peer.publicKey),
    }));
    expect(made[1]).toEqual(made[0]);
    expect(made[2]).toEqual(made[0]);
    expect(made[0]?.publicKey).toEqual(sodiumPublicKey);
    expect(made[0]?.signature).toEqual(sodiumSignature);
  },
);

test("keys of the second encoding of a point are agreed alike", () => {
  const random = seededRandom(14);
  const secretKey = random.bytes(32);
  const points = [2, 3, 9, 18].flatMap((above) => [
    bytesOf(`${(0xed + above).toString(16)}${"ff".repeat(30)}7f`),
    bytesOf(`0${above % 10}${"00".repeat(30)}80`),
  ]);
  const [byNode, bySodium, byTweetnacl] = backends.map((curves) => {
    const agreement = curves.agreement(secretKey);
    return points.map((point) => attempt(() => agreement.sharedKey(point).join()));
  });
  expect(bySodium).toEqual(byNode);
  expect(byTweetnacl).toEqual(byNode);
});

test.each([nodeCurves, sodiumCurves(sodium)])(
  "$name refuses one flipped bit in any byte of a signature, message or key",
  (curves) => {
    const random = seededRandom(15);
    const { signer } = generateSigner({ curves, random });
    const message = random.bytes(100);
    const signature = signer.sign(message);
    const { verify } = curves.verifier(signer.publicKey);
    expect(verify(message, signature)).toBe(true);
    expect(withOneBitFlipped(signature).filter((changed) => verify(message, changed))).toEqual([]);
    expect(withOneBitFlipped(message).filter((changed) => verify(changed, signature))).toEqual([]);
    const believed = withOneBitFlipped(signer.publicKey).filter(
      (publicKey) => verdictOfBytes(curves, publicKey, message, signature) === "accepted",
    );
    expect(believed).toEqual([]);
  },
);

test("the backends and libsodium itself agree on changed signatures (seed 16)", () => {
  const random = seededRandom(16);
  const { signer } = generateSigner({ curves: nodeCurves, random });
  const message = random.bytes(64);
  const signature = signer.sign(message);
  const changed = withOneBitFlipped(signature).filter((_, index) => index % 4 === 3);
  for (const candidate of [signature, ...changed]) {
    const verdicts = backends.map((curves) =>
      curves.verifier(signer.publicKey).verify(message, candidate),
    );
    const bySodium = sodium.crypto_sign_verify_detached(candidate, message, signer.publicKey);
    expect(verdicts).toEqual([bySodium, bySodium, bySodium]);
  }
});

interface VerdictVector {
  readonly public_key: string;
  readonly message: string;
  readonly signature: string;
}

function verdictOf(curves: Curves, vector: VerdictVector): string {
  return verdictOfBytes(
    curves,
    bytesOf(vector.public_key),
    bytesOf(vector.message),
    bytesOf(vector.signature),
  );
}

function verdictOfBytes(
  curves: Curves,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): string {
  return attempt(() =>
    curves.verifier(publicKey).verify(message, signature) ? "accepted" : "refused",
  );
}

function attempt(run: () => string): string {
  try {
    return run();
  } catch (error) {
    expect(error).toBeInstanceOf(SealedDataRejected);
    return "refused";
  }
}
