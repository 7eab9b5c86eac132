import { describe, expect, test } from "vitest";
import { boundPlaintext } from "../boxes/box-plaintext.ts";
import { sealCardBox } from "../boxes/card-box.ts";
import { sealBox } from "../boxes/sealed-box.ts";
import { generateAgreement } from "../curves/curves.ts";
import { nodeCurves } from "../curves/node-curves.ts";
import { digest } from "../keys/dsse.ts";
import { pinPlaintextBytes, sealPinBox } from "../pin/pin-box.ts";
import { withOneBitFlipped } from "../testing/one-bit-flipped.ts";
import { refusalOf } from "../testing/refusal-of.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { openCardBox, openPinBox } from "./boxes.ts";

const curves = nodeCurves;
const random = seededRandom(41);
const { agreement } = generateAgreement({ curves, random });
const recipientPublicKey = agreement.publicKey;
const contextDigest = digest("payment-context", Uint8Array.of(1));
const ksn = random.bytes(12);
const block = random.bytes(16);
const sealed = sealPinBox({ curves, random, recipientPublicKey, contextDigest, ksn, block });

test("KSN and block come back", () => {
  expect(sealed).toHaveLength(176);
  expect(openPinBox({ agreement, contextDigest, sealed })).toEqual({ ksn, block });
});

test.each([
  { name: "KSN", ksn: random.bytes(10), block },
  { name: "block", ksn, block: random.bytes(8) },
])("a $name of another length is a bug", (parts) => {
  const run = () => sealPinBox({ curves, random, recipientPublicKey, contextDigest, ...parts });
  expect(run).toThrow("bug: KSN and block have 12 and 16 bytes");
});

describe("refuses", () => {
  test("one flipped bit in any byte", () => {
    const reasons = withOneBitFlipped(sealed).map((changed) =>
      refusalOf(() => openPinBox({ agreement, contextDigest, sealed: changed })),
    );
    expect(new Set(reasons)).toEqual(new Set(["box"]));
  });

  test("the box of another payment", () => {
    const other = digest("payment-context", Uint8Array.of(2));
    expect(refusalOf(() => openPinBox({ agreement, contextDigest: other, sealed }))).toBe(
      "context",
    );
  });

  test("a digest of the same bytes as another type", () => {
    const other = digest("reader-payment", Uint8Array.of(1));
    expect(refusalOf(() => openPinBox({ agreement, contextDigest: other, sealed }))).toBe(
      "context",
    );
  });

  test("a card box and a PIN box in each other's place, under one key", () => {
    const options = { curves, random, recipientPublicKey, contextDigest };
    const cardBox = sealCardBox({ ...options, cardData: random.bytes(28) });
    expect(refusalOf(() => openPinBox({ agreement, contextDigest, sealed: cardBox }))).toBe(
      "length",
    );
    expect(refusalOf(() => openCardBox({ agreement, contextDigest, sealed }))).toBe("length");
  });

  test.each([
    { name: "another version", at: 0, value: 0, reason: "purpose" },
    { name: "the purpose of a card box", at: 1, value: 1, reason: "purpose" },
    { name: "another context", at: 40, value: 0, reason: "context" },
    { name: "padding in its first byte", at: 94, value: 1, reason: "padding" },
    { name: "padding in its last byte", at: 127, value: 128, reason: "padding" },
  ])("$name", ({ at, value, reason }) => {
    const message = boundPlaintext({
      purpose: "pin",
      contextDigest,
      content: [ksn, block],
      lengthBytes: pinPlaintextBytes,
    });
    message[at] = value;
    const box = sealBox({ curves, random, recipientPublicKey, message });
    expect(refusalOf(() => openPinBox({ agreement, contextDigest, sealed: box }))).toBe(reason);
  });
});
