import { blake2b as otherBlake2b } from "@noble/hashes/blake2.js";
import { expect, test } from "vitest";
import { blake2b } from "./hash.ts";

test('BLAKE2b of "abc", as RFC 7693, appendix A, has it', () => {
  const digest = blake2b(new TextEncoder().encode("abc"), 64);
  expect(Buffer.from(digest).toString("hex")).toBe(
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1" +
      "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
  );
});

test.each([16, 24, 32, 64])("both backends make the same %i bytes", (length) => {
  const message = Uint8Array.from({ length: 64 }, (_, index) => index * 3);
  expect([...blake2b(message, length)]).toEqual([...otherBlake2b(message, { dkLen: length })]);
});
