import fc from "fast-check";
import { expect, test } from "vitest";
import { MessageSplitter, prefixBytes, writePrefix } from "./length-prefix.ts";
import { TooManyPieces } from "./message-pieces.ts";

function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(prefixBytes + message.byteLength);
  writePrefix(bytes, 0, message.byteLength);
  bytes.set(message, prefixBytes);
  return bytes;
}

test("messages come out as they went in, however the bytes were split", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
  const cuts = fc.array(fc.nat(400), { maxLength: 12 });
  fc.assert(
    fc.property(messages, cuts, (sent, cutAt) => {
      const bytes = Buffer.concat(sent.map(framed));
      const received: number[][] = [];
      const splitter = new MessageSplitter(40, (message) => received.push([...message]));
      const edges = [0, ...cutAt.filter((at) => at < bytes.byteLength), bytes.byteLength].sort(
        (left, right) => left - right,
      );
      const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
      for (const chunk of chunks) splitter.push(chunk);
      expect(received).toEqual(sent.map((message) => [...message]));
      expect(splitter.isAtBoundary).toBe(true);
    }),
  );
});

test.each([
  { name: "too long", bytes: "00 00000029", message: /at most 40 bytes, got 41/ },
  { name: "4 GiB", bytes: "00 ffffffff", message: /at most 40 bytes, got 4294967295/ },
  { name: "compressed", bytes: "01 00000001 00", message: /compressed messages are not accepted/ },
  { name: "flag 2", bytes: "02 00000000", message: /message flag must be 0, got 2/ },
])("refuses as soon as the prefix is there: $name", ({ bytes, message }) => {
  const splitter = new MessageSplitter(40, () => {});
  const push = () => splitter.push(Buffer.from(bytes.replaceAll(" ", ""), "hex"));
  expect(push).toThrow(message);
});

test("a half message is not at a boundary", () => {
  const splitter = new MessageSplitter(40, () => {});
  splitter.push(framed(new Uint8Array(10)).subarray(0, 9));
  expect(splitter.isAtBoundary).toBe(false);
});

test("an unfinished message costs at most twice its bytes, in whatever pieces they come", () => {
  const splitter = new MessageSplitter(1_000_000, () => {});
  splitter.push(framed(new Uint8Array(1_000_000)).subarray(0, prefixBytes));
  expect(splitter.heldBytes).toBeLessThan(1_100);
  for (let count = 0; count < 400; count += 1) splitter.push(Buffer.alloc(250));
  expect(splitter.heldBytes).toBeLessThanOrEqual(2 * (prefixBytes + 100_000));
  splitter.push(Buffer.alloc(900_000));
  expect(splitter.heldBytes).toBe(0);
});

test("a message that comes byte by byte is refused, and one in pieces of a proxy is not", () => {
  const splitter = new MessageSplitter(1_000_000, () => {});
  const prefix = framed(new Uint8Array(1_000_000)).subarray(0, prefixBytes);
  splitter.push(prefix);
  for (let count = 0; count < 1_000; count += 1) splitter.push(Buffer.alloc(1_000));
  expect(splitter.isAtBoundary).toBe(true);
  splitter.push(prefix);
  const trickle = () => {
    for (let count = 0; count < 70; count += 1) splitter.push(Buffer.of(count));
  };
  expect(trickle).toThrow(TooManyPieces);
});
