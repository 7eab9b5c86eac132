import sodium from "sodium-native";
import { describe, expect, test } from "vitest";
import vectors from "../../test/vectors/sealed-box.json" with { type: "json" };
import { sealBox, sealedBoxOverheadBytes } from "../boxes/sealed-box.ts";
import { generateAgreement } from "../curves/curves.ts";
import { nodeCurves } from "../curves/node-curves.ts";
import { tweetnaclCurves } from "../curves/tweetnacl-curves.ts";
import { withOneBitFlipped } from "../testing/one-bit-flipped.ts";
import { refusalOf } from "../testing/refusal-of.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { openSealedBox } from "./boxes.ts";

const backends = [nodeCurves, tweetnaclCurves];
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.each(backends)("$name", (curves) => {
  test.each(vectors.vectors)("opens libsodium's box for $public_key", (vector) => {
    const agreement = curves.agreement(bytesOf(vector.secret_key));
    expect(hexOf(agreement.publicKey)).toBe(vector.public_key);
    const message = openSealedBox({ agreement, sealed: bytesOf(vector.sealed) });
    expect(hexOf(message)).toBe(vector.message);
  });

  test.each([0, 1, 127, 512])("libsodium opens a box of %i bytes and back", (length) => {
    const random = seededRandom(length);
    const { agreement, secretKey } = generateAgreement({ curves, random });
    const message = random.bytes(length);

    const sealed = sealBox({ curves, random, recipientPublicKey: agreement.publicKey, message });
    expect(sealed).toHaveLength(length + sealedBoxOverheadBytes);
    const opened = new Uint8Array(length);
    const isOpened = sodium.crypto_box_seal_open(opened, sealed, agreement.publicKey, secretKey);
    expect([isOpened, hexOf(opened)]).toEqual([true, hexOf(message)]);

    const bySodium = new Uint8Array(length + sealedBoxOverheadBytes);
    sodium.crypto_box_seal(bySodium, message, agreement.publicKey);
    expect(openSealedBox({ agreement, sealed: bySodium })).toEqual(message);
  });
});

test("one seed gives the same box with both backends", () => {
  const { agreement } = generateAgreement({ curves: nodeCurves, random: seededRandom(1) });
  const [byNode, byTweetnacl] = backends.map((curves) =>
    sealBox({
      curves,
      random: seededRandom(2),
      recipientPublicKey: agreement.publicKey,
      message: Uint8Array.of(1, 2, 3),
    }),
  );
  expect(byNode).toEqual(byTweetnacl);
});

describe("refuses", () => {
  const random = seededRandom(21);
  const curves = nodeCurves;
  const { agreement } = generateAgreement({ curves, random });
  const recipientPublicKey = agreement.publicKey;
  const sealed = sealBox({ curves, random, recipientPublicKey, message: random.bytes(64) });

  test("one flipped bit in any byte", () => {
    // The top bit of an X25519 key is not used, but the nonce covers it.
    const reasons = withOneBitFlipped(sealed).map((changed) =>
      refusalOf(() => openSealedBox({ agreement, sealed: changed })),
    );
    expect(new Set(reasons)).toEqual(new Set(["box"]));
  });

  test("another key", () => {
    const other = generateAgreement({ curves, random }).agreement;
    expect(refusalOf(() => openSealedBox({ agreement: other, sealed }))).toBe("box");
  });

  test.each([
    { name: "nothing", bytes: 0, reason: "length" },
    { name: "less than key and tag", bytes: 47, reason: "length" },
    { name: "all but the last byte", bytes: 111, reason: "box" },
  ])("$name", ({ bytes, reason }) => {
    const cut = sealed.subarray(0, bytes);
    expect(refusalOf(() => openSealedBox({ agreement, sealed: cut }))).toBe(reason);
  });

  test("an ephemeral key of low order", () => {
    const lowOrder = sealed.slice();
    lowOrder.fill(0, 0, 32);
    expect(refusalOf(() => openSealedBox({ agreement, sealed: lowOrder }))).toBe("shared key");
  });

  test("to seal for a key of low order", () => {
    const run = () =>
      sealBox({ curves, random, recipientPublicKey: new Uint8Array(32), message: sealed });
    expect(refusalOf(run)).toBe("shared key");
  });
});
