import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { DrainReason } from "../../gen/cardlane/mesh/v1/stream_pb.ts";
import {
  ProcessorService,
  ProcessRequestSchema,
  ProcessResponseSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { dial } from "../client/dial.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { serve } from "../server/serve.ts";
import { service } from "../service.ts";
import { box, boxNumber, type EchoRequest, type EchoResponse } from "../testing/echo-server.ts";
import { type FrameStreamPair, frameStreamPair } from "../testing/frame-stream-pair.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { lastingStream } from "./lasting-stream.ts";
import type { LiveStream } from "./live-stream.ts";
import { liveStream } from "./stream-life.ts";

type ServerSide = LiveStream<EchoResponse, EchoRequest>;

const speaker = { program: "test/1", instance: "test-1", jitter: () => 0.999 } as const;

/** A lasting stream to a server in memory, and everything that happened. */
function watched(answer: (side: ServerSide) => void = echo) {
  const clock = new ManualClock();
  const pairs: FrameStreamPair<EchoRequest, EchoResponse>[] = [];
  const sides: ServerSide[] = [];
  const events: string[] = [];
  const lasting = lastingStream<typeof ProcessRequestSchema, EchoResponse>({
    ...speaker,
    clock,
    schema: ProcessRequestSchema,
    open() {
      const pair = frameStreamPair<EchoRequest, EchoResponse>();
      const options = { ...speaker, role: "server", schema: ProcessResponseSchema, clock } as const;
      const side = liveStream(pair.server, options);
      pairs.push(pair);
      sides.push(side);
      answer(side);
      return pair.client;
    },
    onFrame: (frame, number) => events.push(`box ${boxNumber(frame)} on ${number}`),
    onUp: (number) => events.push(`up ${number}`),
    onOver: (number, end) => events.push(`over ${number} ${end.clean ? "clean" : "cut"}`),
  });
  return { clock, lasting, pairs, sides, events };
}

function echo(side: ServerSide): void {
  side.onFrame(({ frame }) => {
    if (frame.case === "box") side.send(create(ProcessResponseSchema, { frame }));
  });
}

test("frames are not taken before the stream is open", async () => {
  const { clock, lasting, events } = watched();
  expect(lasting.send(box(1))).toBe(0);
  await clock.advance(0);
  expect(lasting.send(box(1))).toBe(1);
  await clock.advance(0);
  expect(events).toEqual(["up 1", "box 1 on 1"]);
});

test("after a break it connects again, and says which stream is over", async () => {
  const { clock, lasting, pairs, events } = watched(() => {});
  await clock.advance(0);
  expect(lasting.send(box(1))).toBe(1);
  pairs[0]?.cut();
  expect(lasting.number).toBe(0);
  await clock.advance(100);
  expect(events).toEqual(["up 1", "over 1 cut", "up 2"]);
  expect(lasting.send(box(1))).toBe(2);
});

test("attempts that fail come ever more slowly, up to 10 s", async () => {
  const { clock, lasting, sides } = watched((side) => side.fail(new ConnectError("no", 14)));
  await clock.advance(60_000);
  const perMinuteAtFirst = sides.length;
  await clock.advance(60_000);
  const perMinuteLater = sides.length - perMinuteAtFirst;
  expect({ perMinuteAtFirst, perMinuteLater }).toEqual({ perMinuteAtFirst: 12, perMinuteLater: 6 });
  await lasting.close();
  expect(clock.pendingCount).toBe(0);
});

test("on Drain the new stream is up before the old one is closed", async () => {
  const { clock, lasting, sides, events } = watched();
  await clock.advance(0);
  sides[0]?.onClose(() => {
    events.push("server was told Close on 1");
    sides[0]?.close();
  });
  sides[0]?.drain(DrainReason.AGE);
  await clock.advance(0);
  expect(events).toEqual(["up 1", "up 2", "server was told Close on 1", "over 1 clean"]);
  expect(lasting.send(box(7))).toBe(2);
});

test("a draining server may refuse for a while: the old stream is used meanwhile", async () => {
  let isRefusing = false;
  const { clock, lasting, sides } = watched((side) => {
    echo(side);
    if (isRefusing) side.fail(new ConnectError("not now", 14));
  });
  await clock.advance(0);
  isRefusing = true;
  sides[0]?.drain(DrainReason.AGE);
  await clock.advance(500);
  expect(lasting.send(box(1))).toBe(1);
  isRefusing = false;
  await clock.advance(2_000);
  expect(lasting.number).toBeGreaterThan(1);
});

test("a server that stops is left after a second, and answers what is on its way", async () => {
  let isStopping = false;
  const { clock, lasting, sides, events } = watched((side) => {
    if (isStopping) side.fail(new ConnectError("not now", 14));
  });
  await clock.advance(0);
  const [server] = sides;
  server?.onClose(() => {
    server.send(create(ProcessResponseSchema, { frame: { case: "box", value: { number: 1n } } }));
    server.close();
  });
  expect(lasting.send(box(1))).toBe(1);
  isStopping = true;
  server?.drain(DrainReason.SHUTDOWN);
  await clock.advance(999);
  expect(lasting.number).toBe(1);
  await clock.advance(1);
  expect(lasting.send(box(2))).toBe(0);
  expect(events.filter((event) => !event.includes("cut"))).toEqual([
    "up 1",
    "box 1 on 1",
    "over 1 clean",
  ]);
  isStopping = false;
  await clock.advance(10_000);
  expect(lasting.number).toBeGreaterThan(1);
});

test("close ends in an orderly way", async () => {
  const { clock, lasting, events } = watched();
  await clock.advance(0);
  lasting.send(box(1));
  await lasting.close();
  expect(events).toEqual(["up 1", "box 1 on 1", "over 1 clean"]);
  expect(clock.pendingCount).toBe(0);
});

test("over real sockets, draining streams all the time loses no frame", async () => {
  const sides: ServerSide[] = [];
  await using server = await serve({
    listen: "127.0.0.1:0",
    clock: systemClock,
    log: silentLog,
    services: [
      service(ProcessorService, {
        process(stream) {
          const options = { ...speaker, role: "server", clock: systemClock } as const;
          const side = liveStream(stream, { ...options, schema: ProcessResponseSchema });
          sides.push(side);
          echo(side);
        },
      }),
    ],
  });
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const sent = 2_000;
  const answered = new Set<number>();
  const done = Promise.withResolvers<void>();
  let next = 1;
  await using lasting = lastingStream<typeof ProcessRequestSchema, EchoResponse>({
    ...speaker,
    clock: systemClock,
    schema: ProcessRequestSchema,
    open: () => channel.openStream(ProcessorService.method.process),
    onUp: () => sendMore(),
    onFrame(frame) {
      answered.add(boxNumber(frame));
      const newest = sides.filter((_, index) => index === sides.length - 1);
      for (const side of answered.size % 100 === 0 ? newest : []) side.drain(DrainReason.AGE);
      if (answered.size === sent) done.resolve();
      sendMore();
    },
  });
  function sendMore(): void {
    while (next <= sent && next - answered.size <= 32 && lasting.send(box(next)) > 0) next += 1;
  }
  await done.promise;
  expect({ answered: answered.size, streams: sides.length }).toEqual({
    answered: sent,
    streams: expect.toSatisfy((count: number) => count > 5),
  });
});
