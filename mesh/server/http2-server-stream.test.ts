import { gzipSync } from "node:zlib";
import { create } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import {
  ProcessorService,
  ProcessResponseSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { dial } from "../client/dial.ts";
import { systemClock } from "../clock.ts";
import type { StreamEnd } from "../stream/frame-stream.ts";
import { box, boxNumber, echoServer } from "../testing/echo-server.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { prefix, prefixed, rawSession } from "../testing/raw-call.ts";
import { receive } from "../testing/received.ts";

test("frames that arrive byte by byte and frames that arrive together are the same", async () => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const call = raw.call();
  const chunks: Buffer[] = [];
  call.stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  for (const byte of prefixed(box(1, 20))) call.stream.write(Buffer.of(byte));
  call.stream.end(Buffer.concat([prefixed(box(2, 20)), prefixed(box(3, 20))]));
  expect(await call.status).toBe("0");
  const expected = [1, 2, 3].map((number) => prefixed(box(number, 20)));
  expect(Buffer.concat(chunks)).toEqual(Buffer.concat(expected));
});

const MALFORMED: readonly { name: string; bytes: Buffer; status: number; message: string }[] = [
  {
    name: "a length of 4 GiB and then nothing",
    bytes: prefix(0, 0xffff_ffff),
    status: Code.ResourceExhausted,
    message: "message must be at most 65536 bytes, got 4294967295",
  },
  {
    name: "one byte over the limit",
    bytes: prefix(0, 65_537),
    status: Code.ResourceExhausted,
    message: "message must be at most 65536 bytes, got 65537",
  },
  {
    name: "a compressed message",
    bytes: Buffer.concat([prefix(1, 23), gzipSync("abc")]),
    status: Code.Unimplemented,
    message: "compressed messages are not accepted",
  },
  {
    name: "a flag that does not exist",
    bytes: prefix(0x80, 0),
    status: Code.InvalidArgument,
    message: "message flag must be 0, got 128",
  },
  {
    name: "garbage of the right length",
    bytes: Buffer.concat([prefix(0, 4), Buffer.from("ffffffff", "hex")]),
    status: Code.InvalidArgument,
    message: "a message is malformed",
  },
];

test.each(MALFORMED)("$name ends the stream", async ({ bytes, status, message }) => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const call = raw.call();
  call.stream.write(bytes);
  expect(await call.status).toBe(String(status));
  expect(call.message()).toBe(message);
});

test("a last message that is cut short is refused", async () => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const call = raw.call();
  call.stream.end(prefixed(box(1, 20)).subarray(0, 12));
  expect(await call.status).toBe(String(Code.InvalidArgument));
});

test("a malformed stream does not touch its neighbour on the same connection", async () => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const neighbour = raw.call();
  neighbour.stream.write(prefixed());
  const call = raw.call();
  call.stream.write(prefix(0, 0xffff_ffff));
  expect(await call.status).toBe(String(Code.ResourceExhausted));
  neighbour.stream.end(prefixed());
  expect(await neighbour.status).toBe("0");
});

test("a client that cancels ends the stream for good, whatever it looked like first", async () => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const call = raw.call();
  call.stream.write(prefixed());
  await new Promise((resolve) => call.stream.once("data", resolve));
  const signal = server.streams[0]?.signal;
  const over = new Promise((resolve) => signal?.addEventListener("abort", resolve));
  call.stream.close(8);
  await over;
  expect(server.streams[0]?.send(create(ProcessResponseSchema))).toBe(false);
});

test("a client that half-closes ends cleanly", async () => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const call = raw.call();
  call.stream.end();
  expect(await call.status).toBe("0");
});

test("a connection that breaks ends its streams", async () => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const call = raw.call();
  call.stream.write(prefixed());
  await new Promise((resolve) => call.stream.once("data", resolve));
  const end = new Promise((resolve) => server.streams[0]?.onEnd(resolve));
  raw.socket.resetAndDestroy();
  expect(await end).toMatchObject({ clean: false });
});

test("headers over the limit end that call (ENHANCE_YOUR_CALM), and no neighbour", async () => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const neighbour = raw.call();
  neighbour.stream.write(prefixed());
  // The limit holds from the client's acknowledgement of our SETTINGS on.
  await new Promise((resolve) => neighbour.stream.once("data", resolve));
  const few = Object.fromEntries(["a", "b", "c"].map((name) => [`x-${name}`, "y".repeat(3_000)]));
  const many = { ...few, "x-d": "y".repeat(8_000) };
  const statuses = [few, many].map(async (headers) => {
    const call = raw.call(headers);
    call.stream.end();
    return await call.status;
  });
  expect(await Promise.all(statuses)).toEqual(["0", "reset 11"]);
  neighbour.stream.end();
  expect(await neighbour.status).toBe("0");
});

test("a request has at most 64 headers, pseudo-headers included", async () => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const neighbour = raw.call();
  neighbour.stream.write(prefixed());
  await new Promise((resolve) => neighbour.stream.once("data", resolve));
  const extra = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "y"]));
  // Six are there already: method, scheme, authority, path, content-type, te.
  const statuses = [58, 59].map(async (count) => {
    const call = raw.call(extra(count));
    call.stream.end();
    return await call.status;
  });
  expect(await Promise.all(statuses)).toEqual(["0", "reset 11"]);
});

test.each([
  { who: "those who carry the calls of many", bulkPeers: ["127.0.0.1"], ended: "0" },
  { who: "others, which ends their connection", bulkPeers: [], ended: "reset 2" },
])("thousands of cancelled calls are borne from $who", async ({ bulkPeers, ended }) => {
  await using server = await echoServer({ bulkPeers });
  await using raw = rawSession(server.address);
  const living = raw.call();
  living.stream.write(prefixed());
  await new Promise((resolve) => living.stream.once("data", resolve));
  for (let batch = 0; batch < 30 && !living.stream.closed; batch += 1) {
    const calls = Array.from({ length: 100 }, () => raw.call());
    for (const { stream } of calls) stream.close(8);
    await Promise.all(calls.map(({ status }) => status));
  }
  if (!living.stream.closed) living.stream.end(prefixed());
  expect(await living.status).toBe(ended);
});

test("grpc-timeout ends a stream that waits", async () => {
  const clock = new ManualClock();
  await using server = await echoServer({ clock });
  await using raw = rawSession(server.address);
  const call = raw.call({ "grpc-timeout": "250m" });
  call.stream.write(prefixed());
  await new Promise((resolve) => call.stream.once("data", resolve));
  await clock.advance(250);
  expect(await call.status).toBe(String(Code.DeadlineExceeded));
});

test("a malformed grpc-timeout is refused", async () => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  expect(await raw.call({ "grpc-timeout": "soon" }).status).toBe(String(Code.InvalidArgument));
});

test("a client that does not read is cut off, and its neighbour feels nothing", async () => {
  await using server = await echoServer({ limits: { queueBytesMax: 200_000 } });
  using slowChannel = dial({ targets: [server.address], services: [], clock: systemClock });
  const slow = slowChannel.openStream(ProcessorService.method.process);
  slow.pause();
  const quick = slowChannel.openStream(ProcessorService.method.process);
  const quickly = receive(quick);
  const ended = new Promise<ConnectError | undefined>((resolve) => {
    slow.onEnd(({ error }) => resolve(error));
  });
  for (let number = 0; number < 60; number += 1) slow.send(box(number, 30_000));
  expect(await ended).toMatchObject({ code: Code.ResourceExhausted });
  quick.send(box(7));
  expect((await quickly.count(1)).map(boxNumber)).toEqual([7]);
});

test("a client that reads nothing for too long is cut off", async () => {
  const clock = new ManualClock();
  await using server = await echoServer({ clock });
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const stream = channel.openStream(ProcessorService.method.process);
  stream.pause();
  // More than the client's window of 1 MiB, less than what may wait.
  for (let number = 0; number < 30; number += 1) stream.send(box(number, 60_000));
  const ends: StreamEnd[] = [];
  stream.onEnd((end) => ends.push(end));
  // Its time begins once the server has written more than goes out.
  const isCutOff = async () => {
    await clock.advance(1_000);
    expect(ends).toMatchObject([{ code: Code.ResourceExhausted }]);
  };
  await vi.waitFor(isCutOff, { timeout: 60_000 });
});
