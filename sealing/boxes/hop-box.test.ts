import sodium from "sodium-native";
import { describe, expect, test } from "vitest";
import { concatBytes } from "../bytes.ts";
import { generateAgreement } from "../curves/curves.ts";
import { nodeCurves } from "../curves/node-curves.ts";
import { SharedKeys } from "../curves/shared-keys.ts";
import { tweetnaclCurves } from "../curves/tweetnacl-curves.ts";
import { withOneBitFlipped } from "../testing/one-bit-flipped.ts";
import { refusalOf } from "../testing/refusal-of.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { BOX_PURPOSES } from "./box-plaintext.ts";
import { hopBoxOverheadBytes, openHopBox, sealHopBox } from "./hop-box.ts";

const random = seededRandom(51);
const relay = end();
const processor = end();
const request = {
  sharedKeys: relay.sharedKeys,
  peerPublicKey: processor.publicKey,
  direction: "request",
  relayId: "R1",
} as const;
const received = {
  ...request,
  sharedKeys: processor.sharedKeys,
  peerPublicKey: relay.publicKey,
} as const;

test.each([0, 1, 700, 60_000])("a payload of %i bytes crosses the hop and back", (length) => {
  const payload = random.bytes(length);
  const box = sealHopBox({ ...request, random, payload });
  expect(box).toHaveLength(length + hopBoxOverheadBytes);
  expect(openHopBox({ ...received, box })).toEqual(payload);

  const answer = sealHopBox({ ...received, direction: "answer", random, payload });
  expect(openHopBox({ ...request, direction: "answer", box: answer })).toEqual(payload);
});

test("the layout is libsodium's box over purpose, direction, relay id and payload", () => {
  const payload = random.bytes(40);
  const box = sealHopBox({ ...request, random, payload });
  const message = concatBytes(Uint8Array.of(1, 3, 1, 0x52, 0x31), payload);
  const bySodium = new Uint8Array(message.length + 16);
  const nonce = box.subarray(0, 24);
  sodium.crypto_box_easy(bySodium, message, nonce, processor.publicKey, relay.secretKey);
  expect(box.slice(24)).toEqual(bySodium);
});

test("the same payload is never the same box", () => {
  const payload = Uint8Array.of(1);
  const boxes = Array.from({ length: 200 }, () => sealHopBox({ ...request, random, payload }));
  expect(new Set(boxes.map((box) => box.subarray(0, 24).join())).size).toBe(200);
});

test("the backends share a key", () => {
  const other = tweetnaclCurves.agreement(processor.secretKey);
  const sharedKeys = new SharedKeys({ agreement: other, peersMax: 1 });
  const box = sealHopBox({ ...request, random, payload: Uint8Array.of(7) });
  expect(openHopBox({ ...received, sharedKeys, box })).toEqual(Uint8Array.of(7));
});

describe("refuses", () => {
  const box = sealHopBox({ ...request, random, payload: random.bytes(60) });

  test("one flipped bit in any byte", () => {
    const reasons = withOneBitFlipped(box).map((changed) =>
      refusalOf(() => openHopBox({ ...received, box: changed })),
    );
    expect(new Set(reasons)).toEqual(new Set(["box"]));
  });

  test("an own request sent back as an answer", () => {
    expect(refusalOf(() => openHopBox({ ...request, direction: "answer", box }))).toBe("purpose");
  });

  test("an answer where a request belongs", () => {
    const answer = sealHopBox({ ...received, direction: "answer", random, payload: box });
    expect(refusalOf(() => openHopBox({ ...received, box: answer }))).toBe("purpose");
  });

  test("a relay id other than the connection's", () => {
    expect(refusalOf(() => openHopBox({ ...received, relayId: "R2", box }))).toBe("purpose");
  });

  test("another relay's key", () => {
    const other = end();
    const run = () => openHopBox({ ...received, peerPublicKey: other.publicKey, box });
    expect(refusalOf(run)).toBe("box");
  });

  test.each([
    { name: "nothing", bytes: 0, reason: "length" },
    { name: "a box without its head", bytes: hopBoxOverheadBytes - 1, reason: "length" },
    { name: "all but the last byte", bytes: box.length - 1, reason: "box" },
  ])("$name", ({ bytes, reason }) => {
    const cut = box.subarray(0, bytes);
    expect(refusalOf(() => openHopBox({ ...received, box: cut }))).toBe(reason);
  });

  test.each(["", "R", "R12", "r1", "R ", "Ré"])("to seal for the relay id '%s'", (relayId) => {
    const run = () => sealHopBox({ ...request, relayId, random, payload: box });
    expect(run).toThrow("bug: a relay id is two characters of [0-9A-Z]");
  });
});

test("each purpose has its own number", () => {
  expect(new Set(Object.values(BOX_PURPOSES)).size).toBe(Object.keys(BOX_PURPOSES).length);
});

function end() {
  const { agreement, secretKey } = generateAgreement({ curves: nodeCurves, random });
  const sharedKeys = new SharedKeys({ agreement, peersMax: 4 });
  return { publicKey: agreement.publicKey, secretKey, sharedKeys };
}
