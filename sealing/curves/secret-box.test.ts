import sodium from "sodium-native";
import { expect, test } from "vitest";
import { withOneBitFlipped } from "../testing/one-bit-flipped.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { nonceBytes, sodiumSecretBox, tagBytes, tweetnaclSecretBox } from "./secret-box.ts";

const backends = [
  { name: "sodium", secretBox: sodiumSecretBox(sodium) },
  { name: "tweetnacl", secretBox: tweetnaclSecretBox },
];

test.each([0, 1, 15, 16, 17, 450, 70_000])("both make the same box of %i bytes", (length) => {
  const random = seededRandom(length);
  const [message, nonce, key] = [random.bytes(length), random.bytes(nonceBytes), random.bytes(32)];
  const [bySodium, byTweetnacl] = backends.map(({ secretBox }) =>
    secretBox.seal(message, nonce, key),
  );
  expect(bySodium).toEqual(byTweetnacl);
  expect(bySodium).toHaveLength(length + tagBytes);
});

test.each(backends)("$name opens what the other sealed", ({ secretBox }) => {
  const random = seededRandom("open");
  const [message, nonce, key] = [random.bytes(100), random.bytes(nonceBytes), random.bytes(32)];
  for (const other of backends) {
    const box = other.secretBox.seal(message, nonce, key);
    expect(secretBox.open(box, nonce, key)).toEqual(message);
  }
});

test.each(backends)("$name opens no box with one flipped bit, nor under another", (backend) => {
  const { secretBox } = backend;
  const random = seededRandom("flipped");
  const [message, nonce, key] = [random.bytes(40), random.bytes(nonceBytes), random.bytes(32)];
  const box = secretBox.seal(message, nonce, key);
  const opened = [
    ...withOneBitFlipped(box).map((changed) => secretBox.open(changed, nonce, key)),
    ...withOneBitFlipped(nonce).map((changed) => secretBox.open(box, changed, key)),
    ...withOneBitFlipped(key).map((changed) => secretBox.open(box, nonce, changed)),
  ];
  expect(opened.filter((message) => message !== null)).toEqual([]);
});

test.each(backends)("$name opens nothing that is shorter than a tag", ({ secretBox }) => {
  const [nonce, key] = [new Uint8Array(nonceBytes), new Uint8Array(32)];
  const lengths = [0, 1, tagBytes - 1, tagBytes];
  const opened = lengths.map((length) => secretBox.open(new Uint8Array(length), nonce, key));
  expect(opened).toEqual([null, null, null, null]);
});
