import { describe, expect, test } from "vitest";
import { boundPlaintext } from "../boxes/box-plaintext.ts";
import {
  cardBoxBytes,
  cardDataBytesMax,
  cardPlaintextBytes,
  sealCardBox,
} from "../boxes/card-box.ts";
import { sealBox } from "../boxes/sealed-box.ts";
import { generateAgreement } from "../curves/curves.ts";
import { nodeCurves } from "../curves/node-curves.ts";
import { digest } from "../keys/dsse.ts";
import { withOneBitFlipped } from "../testing/one-bit-flipped.ts";
import { refusalOf } from "../testing/refusal-of.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { openCardBox } from "./boxes.ts";

const curves = nodeCurves;
const random = seededRandom(31);
const { agreement } = generateAgreement({ curves, random });
const recipientPublicKey = agreement.publicKey;
const contextDigest = digest("payment-context", Uint8Array.of(1));
const sealed = sealCardBox({
  curves,
  random,
  recipientPublicKey,
  contextDigest,
  cardData: random.bytes(90),
});

test.each([0, 1, 90, 255, 256, cardDataBytesMax])("%i bytes of card data come back", (length) => {
  const cardData = random.bytes(length);
  const box = sealCardBox({ curves, random, recipientPublicKey, contextDigest, cardData });
  expect(box).toHaveLength(560);
  expect(openCardBox({ agreement, contextDigest, sealed: box })).toEqual(cardData);
});

test("one byte too many is a bug", () => {
  const cardData = random.bytes(cardDataBytesMax + 1);
  const run = () => sealCardBox({ curves, random, recipientPublicKey, contextDigest, cardData });
  expect(run).toThrow("bug: card data is at most 444 bytes, got 445");
});

test("a digest of another length is a bug", () => {
  const short = contextDigest.subarray(1);
  const message = "bug: H(context) has 64 bytes, got 63";
  expect(() => openCardBox({ agreement, contextDigest: short, sealed })).toThrow(message);
});

describe("refuses", () => {
  test("one flipped bit in any byte", () => {
    const reasons = withOneBitFlipped(sealed).map((changed) =>
      refusalOf(() => openCardBox({ agreement, contextDigest, sealed: changed })),
    );
    expect(new Set(reasons)).toEqual(new Set(["box"]));
  });

  test("the box of another payment", () => {
    const other = digest("payment-context", Uint8Array.of(2));
    expect(refusalOf(() => openCardBox({ agreement, contextDigest: other, sealed }))).toBe(
      "context",
    );
  });

  test("another key", () => {
    const other = generateAgreement({ curves, random }).agreement;
    expect(refusalOf(() => openCardBox({ agreement: other, contextDigest, sealed }))).toBe("box");
  });

  test.each([-1, 1])("a box that is %i bytes off", (difference) => {
    const other = new Uint8Array(cardBoxBytes + difference);
    other.set(sealed.subarray(0, other.length));
    expect(refusalOf(() => openCardBox({ agreement, contextDigest, sealed: other }))).toBe(
      "length",
    );
  });

  // What follows is made by somebody who knows the card key, which is public.
  test.each([
    { name: "another version", at: 0, value: 2, reason: "purpose" },
    { name: "the purpose of a PIN box", at: 1, value: 2, reason: "purpose" },
    { name: "the purpose of a hop box", at: 1, value: 3, reason: "purpose" },
    { name: "the first byte of another context", at: 2, value: 0, reason: "context" },
    { name: "the last byte of another context", at: 65, value: 0, reason: "context" },
    { name: "a length beyond the box", at: 66, value: 2, reason: "length" },
    { name: "a length that leaves data outside", at: 67, value: 3, reason: "padding" },
    { name: "padding in its first byte", at: 72, value: 1, reason: "padding" },
    { name: "padding in its last byte", at: 511, value: 1, reason: "padding" },
  ])("$name", ({ at, value, reason }) => {
    const message = boundPlaintext({
      purpose: "card",
      contextDigest,
      content: [Uint8Array.of(0, 4, 9, 9, 9, 9)],
      lengthBytes: cardPlaintextBytes,
    });
    message[at] = value;
    const box = sealBox({ curves, random, recipientPublicKey, message });
    expect(refusalOf(() => openCardBox({ agreement, contextDigest, sealed: box }))).toBe(reason);
  });
});
