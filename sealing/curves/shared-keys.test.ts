import { expect, test } from "vitest";
import { refusalOf } from "../testing/refusal-of.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { type Agreement, generateAgreement } from "./curves.ts";
import { nodeCurves } from "./node-curves.ts";
import { SharedKeys } from "./shared-keys.ts";

const random = seededRandom(61);
const curves = nodeCurves;
const peers = Array.from({ length: 3 }, () => generateAgreement({ curves, random }).agreement);
const [first, second, third] = peers.map((peer) => peer.publicKey) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

test("a key is computed once per peer", () => {
  const { agreement, asked } = countingAgreement();
  const sharedKeys = new SharedKeys({ agreement, peersMax: 2 });
  const key = sharedKeys.sharedKey(first);
  expect(sharedKeys.sharedKey(first.slice())).toBe(key);
  expect(asked).toEqual([first]);
});

test("the peer that was used least recently is evicted and its key wiped", () => {
  const { agreement, asked } = countingAgreement();
  const sharedKeys = new SharedKeys({ agreement, peersMax: 2 });
  sharedKeys.sharedKey(first);
  const secondKey = sharedKeys.sharedKey(second);
  sharedKeys.sharedKey(first);
  sharedKeys.sharedKey(third);
  expect(sharedKeys.size).toBe(2);
  expect(secondKey).toEqual(new Uint8Array(32));
  sharedKeys.sharedKey(first);
  sharedKeys.sharedKey(second);
  expect(asked).toEqual([first, second, third, second]);
});

test("a revoked peer is evicted, its key wiped", () => {
  const { agreement } = countingAgreement();
  const sharedKeys = new SharedKeys({ agreement, peersMax: 2 });
  const key = sharedKeys.sharedKey(first);
  sharedKeys.evict(first);
  sharedKeys.evict(second);
  expect([sharedKeys.size, key]).toEqual([0, new Uint8Array(32)]);
  expect(sharedKeys.sharedKey(first)).not.toEqual(new Uint8Array(32));
});

test("a peer of low order is refused and not kept", () => {
  const { agreement } = countingAgreement();
  const sharedKeys = new SharedKeys({ agreement, peersMax: 2 });
  expect(refusalOf(() => sharedKeys.sharedKey(new Uint8Array(32)))).toBe("shared key");
  expect(sharedKeys.size).toBe(0);
});

test("room for no peer is a bug", () => {
  const { agreement } = countingAgreement();
  const run = () => new SharedKeys({ agreement, peersMax: 0 });
  expect(run).toThrow("bug: peersMax is at least 1, got 0");
});

function countingAgreement(): { agreement: Agreement; asked: Uint8Array[] } {
  const { agreement } = generateAgreement({ curves, random });
  const asked: Uint8Array[] = [];
  const sharedKey = (peerPublicKey: Uint8Array) => {
    asked.push(peerPublicKey);
    return agreement.sharedKey(peerPublicKey);
  };
  return { agreement: { ...agreement, sharedKey }, asked };
}
