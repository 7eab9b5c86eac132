import { expect, test } from "vitest";
import { MessageSplitter, prefixBytes, writePrefix } from "./length-prefix.ts";
import { SmallPieces, TooManyPieces } from "./message-pieces.ts";

/** Messages of a connection's streams, in the pieces in which they come. */
function connection() {
  const small = new SmallPieces();
  let pieces = 0;
  const stream = () => {
    const splitter = new MessageSplitter(1_000_000, () => {}, small);
    return (bytes: Uint8Array) => {
      pieces += 1;
      splitter.push(Buffer.from(bytes));
    };
  };
  return { stream, pieces: () => pieces };
}

function framed(messageBytes: number): Buffer {
  const bytes = Buffer.alloc(prefixBytes + messageBytes);
  writePrefix(bytes, 0, messageBytes);
  return bytes;
}

function cut(bytes: Buffer, pieceBytes: number): Buffer[] {
  const count = Math.ceil(bytes.byteLength / pieceBytes);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
}

type Client = (stream: () => (bytes: Uint8Array) => void) => void;

/** One message after the other, each cut the same way. */
function inTurn(messageBytes: number, count: number, pieces: (bytes: Buffer) => Buffer[]): Client {
  return (stream) => {
    const push = stream();
    for (let sent = 0; sent < count; sent += 1) pieces(framed(messageBytes)).forEach(push);
  };
}

const WHOLE = (bytes: Buffer) => [bytes];
const PREFIX_APART = (bytes: Buffer) => [bytes.subarray(0, 5), bytes.subarray(5)];

const HONEST: readonly { name: string; client: Client }[] = [
  { name: "small messages, each in one piece", client: inTurn(40, 10_000, WHOLE) },
  { name: "prefix and message apart", client: inTurn(40, 10_000, PREFIX_APART) },
  { name: "many messages in one piece", client: inTurn(0, 10, () => [framed(0), framed(0)]) },
  { name: "frames of 16 KiB", client: inTurn(100_000, 100, (bytes) => cut(bytes, 16_384)) },
  { name: "segments of TCP", client: inTurn(60_000, 100, (bytes) => cut(bytes, 1_370)) },
  {
    name: "the rest of a window before each frame",
    client: inTurn(60_000, 1_000, (bytes) => [
      bytes.subarray(0, 5),
      bytes.subarray(5, 20),
      ...cut(bytes.subarray(20), 16_384),
    ]),
  },
  {
    name: "a thousand streams whose prefixes come first",
    client: (stream) => {
      const streams = Array.from({ length: 1_000 }, stream);
      for (let round = 0; round < 10; round += 1) {
        for (const push of streams) push(framed(200).subarray(0, 5));
        for (const push of streams) push(framed(200).subarray(5));
      }
    },
  },
  {
    name: "calls that are cancelled in the middle of a message, among others that are not",
    client: (stream) => {
      for (let call = 0; call < 10_000; call += 1) {
        stream()(framed(200).subarray(0, 100));
        stream()(framed(200));
      }
    },
  },
];

test.each(HONEST)("an honest client is never found guilty: $name", ({ client }) => {
  expect(() => client(connection().stream)).not.toThrow();
});

const BYTES = (bytes: Buffer) => cut(bytes, 1);

const DISHONEST: readonly { name: string; client: Client; within: number }[] = [
  { name: "one long message byte by byte", client: inTurn(16_000, 1, BYTES), within: 66 },
  { name: "short messages byte by byte", client: inTurn(15, 1_000, BYTES), within: 1_300 },
  {
    name: "sixty long ones at once",
    client: (stream) => {
      const streams = Array.from({ length: 60 }, stream);
      for (const byte of framed(16_000)) for (const push of streams) push(Buffer.of(byte));
    },
    within: 1_025,
  },
  {
    name: "a few bytes of each of many calls",
    client: (stream) => {
      for (let call = 0; call < 1_000; call += 1)
        BYTES(framed(16_000).subarray(0, 8)).forEach(stream());
    },
    within: 1_025,
  },
];

test.each(DISHONEST)("who means harm is found soon: $name", ({ client, within }) => {
  const { stream, pieces } = connection();
  expect(() => client(stream)).toThrow(TooManyPieces);
  expect(pieces()).toBeLessThanOrEqual(within);
});
