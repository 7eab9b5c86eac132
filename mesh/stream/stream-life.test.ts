import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { DrainReason } from "../../gen/cardlane/mesh/v1/stream_pb.ts";
import {
  ProcessRequestSchema,
  ProcessResponseSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { box, boxNumber, type EchoRequest, type EchoResponse } from "../testing/echo-server.ts";
import { frameStreamPair } from "../testing/frame-stream-pair.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { receive } from "../testing/received.ts";
import { type LifeOptions, liveStream } from "./stream-life.ts";

const common = { program: "test/1", instance: "test-1", jitter: () => 0.5 } as const;

function pairOf(clock = new ManualClock()) {
  const pair = frameStreamPair<EchoRequest, EchoResponse>();
  const client = liveStream(pair.client, {
    ...common,
    role: "client",
    schema: ProcessRequestSchema,
    clock,
  });
  const server = (options: Partial<LifeOptions<typeof ProcessResponseSchema>> = {}) =>
    liveStream(pair.server, {
      ...common,
      role: "server",
      schema: ProcessResponseSchema,
      clock,
      ...options,
    });
  return { clock, pair, client, server };
}

/** A client that sends what it is told to, in place of a live one. */
function bareClient() {
  const clock = new ManualClock();
  const pair = frameStreamPair<EchoRequest, EchoResponse>();
  const options = { ...common, role: "server", schema: ProcessResponseSchema, clock } as const;
  const server = liveStream(pair.server, options);
  const received = receive(pair.client);
  const send = (frame: MessageInitShape<typeof ProcessRequestSchema>["frame"]) => {
    pair.client.send(create(ProcessRequestSchema, frame === undefined ? {} : { frame }));
  };
  return { clock, pair, server, received, send };
}

const HELLO = { protocolVersion: 1, heartbeatIntervalMs: 10_000 };

test("both sides open with Hello, and see payload frames only", async () => {
  const { clock, client, server: serve } = pairOf();
  const server = serve();
  const hellos: string[] = [];
  client.onOpen((hello) => hellos.push(`server is ${hello.instance}`));
  server.onOpen((hello) => hellos.push(`client is ${hello.instance}`));
  const atServer = receive(server);
  client.send(box(1));
  client.send(box(2));
  await atServer.count(2);
  await clock.advance(0);
  expect(hellos).toEqual(["client is test-1", "server is test-1"]);
  expect(atServer.frames).toEqual([box(1), box(2)]);
});

test.each([
  { name: "a payload", frame: box(1).frame, code: Code.InvalidArgument },
  { name: "an unknown frame", frame: undefined, code: Code.InvalidArgument },
  { name: "Close", frame: { case: "close", value: {} }, code: Code.InvalidArgument },
  {
    name: "Hello of another version",
    frame: { case: "hello", value: { ...HELLO, protocolVersion: 2 } },
    code: Code.FailedPrecondition,
  },
  {
    name: "Hello that would never be called dead",
    frame: { case: "hello", value: { ...HELLO, heartbeatIntervalMs: 3_600_000 } },
    code: Code.InvalidArgument,
  },
  {
    name: "Hello with an interval of 0",
    frame: { case: "hello", value: { ...HELLO, heartbeatIntervalMs: 0 } },
    code: Code.InvalidArgument,
  },
] as const)("refused as first frame: $name", async ({ frame, code }) => {
  const { received, send } = bareClient();
  send(frame);
  expect(await received.end).toMatchObject({ clean: false, code });
  expect(received.frames).toEqual([]);
});

test.each([
  { name: "a second Hello", frame: { case: "hello", value: HELLO } },
  { name: "Drain from a client", frame: { case: "drain", value: {} } },
] as const)("refused later: $name", async ({ frame }) => {
  const { received, send } = bareClient();
  send({ case: "hello", value: HELLO });
  send(frame);
  expect(await received.end).toMatchObject({ clean: false, code: Code.InvalidArgument });
});

test("nothing may follow Close", async () => {
  const { received, send, server } = bareClient();
  server.onClose(() => {});
  send({ case: "hello", value: HELLO });
  send({ case: "close", value: {} });
  send(box(1).frame);
  expect(await received.end).toMatchObject({ clean: false, code: Code.InvalidArgument });
});

test("a peer that never says Hello is cut off after 10 s", async () => {
  const { clock, received } = bareClient();
  await clock.advance(9_999);
  expect(received.frames).toEqual([]);
  await clock.advance(1);
  expect(await received.end).toMatchObject({ code: Code.DeadlineExceeded });
});

test("a silent stream stays alive by heartbeats, for hours", async () => {
  const { clock, client, server: serve } = pairOf();
  const server = serve({ lifeMs: 10 * 3_600_000 });
  await clock.advance(2 * 3_600_000);
  expect([client.signal.aborted, server.signal.aborted]).toEqual([false, false]);
});

test("a half-open stream is noticed within 30 s", async () => {
  const { clock, received, send, server } = bareClient();
  send({ case: "hello", value: HELLO });
  const end = receive(server).end;
  await clock.advance(24_999);
  expect(server.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(await end).toMatchObject({
    code: Code.Unavailable,
    message: "nothing heard for 25000 ms",
  });
  await received.end;
  expect(clock.pendingCount).toBe(0);
});

test("a side that pauses does not call its peer dead", async () => {
  const { clock, send, server } = bareClient();
  send({ case: "hello", value: HELLO });
  await clock.advance(1);
  server.pause();
  await clock.advance(100_000);
  expect(server.signal.aborted).toBe(false);
  server.resume();
  await clock.advance(25_000);
  expect(server.signal.aborted).toBe(true);
});

test("heartbeats leave every 10 s, but not behind a payload", async () => {
  const { clock, received, send, server } = bareClient();
  send({ case: "hello", value: HELLO });
  await clock.advance(9_000);
  server.send(create(ProcessResponseSchema, { frame: box(1).frame as EchoResponse["frame"] }));
  await clock.advance(9_999);
  expect(received.frames.map((one) => one.frame.case)).toEqual(["hello", "box"]);
  await clock.advance(1);
  expect(received.frames.map((one) => one.frame.case)).toEqual(["hello", "box", "heartbeat"]);
});

test("Close from the client is answered after what is owed, and both ends are clean", async () => {
  const { client, server: serve } = pairOf();
  const server = serve();
  const atClient = receive(client);
  const atServer = receive(server);
  server.onClose(() => {
    server.send(create(ProcessResponseSchema, { frame: box(9).frame as EchoResponse["frame"] }));
    server.close();
  });
  client.send(box(1));
  client.close();
  expect(client.send(box(2))).toBe(false);
  expect(await atClient.end).toMatchObject({ clean: true });
  expect(await atServer.end).toMatchObject({ clean: true });
  expect(atClient.frames.map(boxNumber)).toEqual([9]);
});

test("after Close a client waits for what is owed as long as it takes", async () => {
  const { clock, client, server: serve } = pairOf();
  const server = serve();
  server.onClose(() => {});
  const ends = [receive(client).end, receive(server).end];
  await clock.advance(0);
  client.close();
  await clock.advance(120_000);
  expect([client.signal.aborted, server.signal.aborted]).toEqual([false, false]);
  server.close();
  expect(await Promise.all(ends)).toMatchObject([{ clean: true }, { clean: true }]);
});

test("Close from the server is answered by the client", async () => {
  const { clock, client, server: serve } = pairOf();
  const server = serve();
  const ends = [receive(client).end, receive(server).end];
  await clock.advance(0);
  server.close();
  expect(await Promise.all(ends)).toMatchObject([{ clean: true }, { clean: true }]);
  expect(clock.pendingCount).toBe(0);
});

test("a stream that ends without Close is not clean, however orderly it looked", async () => {
  const { pair, server, received, send } = bareClient();
  send({ case: "hello", value: HELLO });
  const atServer = receive(server);
  pair.client.end();
  expect(await atServer.end).toMatchObject({
    clean: false,
    code: Code.Unavailable,
    message: "the stream ended without Close",
  });
  expect(await received.end).toMatchObject({ clean: false, code: Code.Unavailable });
});

test("a connection that breaks ends both sides", async () => {
  const { clock, pair, client, server: serve } = pairOf();
  const ends = [receive(client).end, receive(serve()).end];
  await clock.advance(0);
  pair.cut();
  const broken = { clean: false, code: Code.Unavailable, message: "connection lost" };
  expect(await Promise.all(ends)).toMatchObject([broken, broken]);
});

test.each([
  { jitter: 0, drainAtMs: 540_000 },
  { jitter: 0.5, drainAtMs: 600_000 },
  { jitter: 0.999, drainAtMs: 659_880 },
])("a server drains after 10 minutes ± 10 % (jitter $jitter)", async ({ jitter, drainAtMs }) => {
  const { clock, client, server: serve } = pairOf();
  serve({ jitter: () => jitter });
  const reasons: DrainReason[] = [];
  client.onDrain(({ reason }) => reasons.push(reason));
  await clock.advance(drainAtMs - 1);
  expect(reasons).toEqual([]);
  await clock.advance(2);
  expect(reasons).toEqual([DrainReason.AGE]);
});

test("a server that is asked to stop drains, and cuts off who does not leave", async () => {
  const { clock, pair, client, server: serve } = pairOf();
  serve({ drainGraceMs: 5_000 });
  const atClient = receive(client);
  const reasons: DrainReason[] = [];
  client.onDrain(({ reason }) => reasons.push(reason));
  await clock.advance(0);
  pair.drain();
  await clock.advance(4_999);
  expect(reasons).toEqual([DrainReason.SHUTDOWN]);
  expect(client.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(await atClient.end).toMatchObject({ code: Code.Unavailable });
});
