import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { serve } from "../server/serve.ts";
import { service } from "../service.ts";
import { box, echoServer } from "../testing/echo-server.ts";
import { receive } from "../testing/received.ts";
import { dial } from "./dial.ts";

const common = { services: [ProcessorService, RelayService], clock: systemClock } as const;

test("calls and streams go to all backends in turn", async () => {
  await using first = await echoServer();
  await using second = await echoServer();
  using channel = dial({ ...common, targets: [first.address, second.address] });
  const client = channel.client(ProcessorService);
  // Until both are connected, one of them may get more.
  while (!first.calls.includes("GetManifest") || !second.calls.includes("GetManifest")) {
    await client.getManifest({});
  }
  const streams = [1, 2, 3, 4].map((number) => {
    const stream = channel.openStream(ProcessorService.method.process);
    const received = receive(stream);
    stream.send(box(number));
    return received.count(1);
  });
  await Promise.all(streams);
  expect([first.streams.length, second.streams.length]).toEqual([2, 2]);
});

test("a backend that is gone fails one stream; the next goes elsewhere", async () => {
  await using gone = await echoServer();
  await using alive = await echoServer();
  await gone[Symbol.asyncDispose]();
  using channel = dial({ ...common, targets: [gone.address, alive.address] });
  const failed = receive(channel.openStream(ProcessorService.method.process));
  expect(await failed.end).toMatchObject({ code: Code.Unavailable, clean: false });
  const stream = channel.openStream(ProcessorService.method.process);
  const received = receive(stream);
  stream.send(box(1));
  expect(await received.count(1)).toHaveLength(1);
});

/** A relay that is UNAVAILABLE the first two times. */
async function flakyRelay() {
  let calls = 0;
  const answer = () => {
    calls += 1;
    if (calls <= 2) throw new ConnectError("not now", Code.Unavailable);
    return {};
  };
  const relay = service(RelayService, { getPayment: answer });
  const processor = service(ProcessorService, {});
  const server = await serve({
    listen: "127.0.0.1:0",
    services: [relay, processor],
    clock: systemClock,
    log: silentLog,
  });
  return Object.assign(server, { calls: () => calls });
}

test("a method whose contract allows it is repeated", async () => {
  await using server = await flakyRelay();
  using channel = dial({ ...common, targets: [server.address] });
  await channel.client(RelayService).getPayment({});
  expect(server.calls()).toBe(3);
});

test("a method of a service that was not named is not repeated", async () => {
  await using server = await flakyRelay();
  using channel = dial({ ...common, services: [], targets: [server.address] });
  const error = await channel.client(RelayService).getPayment({}).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.Unavailable });
  expect(server.calls()).toBe(1);
});

test("a call without a deadline gets one", async () => {
  const waiting = service(RelayService, { getPayment: () => new Promise<never>(() => {}) });
  await using server = await serve({
    listen: "127.0.0.1:0",
    services: [waiting],
    clock: systemClock,
    log: silentLog,
  });
  using channel = dial({ ...common, targets: [server.address], timeoutMs: 50 });
  const error = await channel.client(RelayService).getPayment({}).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.DeadlineExceeded });
});

test("a signal cancels a stream", async () => {
  await using server = await echoServer();
  using channel = dial({ ...common, targets: [server.address] });
  const controller = new AbortController();
  const { signal } = controller;
  const received = receive(channel.openStream(ProcessorService.method.process, { signal }));
  controller.abort();
  expect(await received.end).toMatchObject({ code: Code.Canceled, clean: false });
});

test("what was given up before it began never reaches a server", async () => {
  await using server = await echoServer();
  using channel = dial({ ...common, targets: [server.address] });
  const signal = AbortSignal.abort();
  const stream = channel.openStream(ProcessorService.method.process, { signal });
  stream.send(box(1));
  expect(await receive(stream).end).toMatchObject({ code: Code.Canceled, clean: false });
  const processor = channel.client(ProcessorService);
  await expect(processor.getManifest({}, { signal })).rejects.toMatchObject({
    code: Code.Canceled,
  });
  const changes = channel.client(RelayService).watchPayments({}, { signal });
  await expect(changes[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: Code.Canceled,
  });
  await processor.getManifest({});
  expect(server.calls).toEqual(["GetManifest"]);
});

test("headers reach the server", async () => {
  await using server = await echoServer();
  using channel = dial({ ...common, targets: [server.address] });
  const stream = channel.openStream(ProcessorService.method.process, { headers: { "x-a": "1" } });
  const received = receive(stream);
  stream.send(box(1));
  await received.count(1);
  expect(server.streams[0]?.peer.headers.get("x-a")).toBe("1");
});

test("a closed channel ends its streams and opens no more", async () => {
  await using server = await echoServer();
  const channel = dial({ ...common, targets: [server.address] });
  const stream = channel.openStream(ProcessorService.method.process);
  const received = receive(stream);
  stream.send(box(1));
  await received.count(1);
  channel[Symbol.dispose]();
  expect(await received.end).toMatchObject({ clean: false, code: Code.Unavailable });
  const late = receive(channel.openStream(ProcessorService.method.process));
  expect(await late.end).toMatchObject({ clean: false, code: Code.Unavailable });
});

test.each([
  { targets: ["relay.example:443"], message: "plaintext is for loopback only: relay.example" },
  { targets: ["127.0.0.1:1", "10.0.0.1:1"], message: "plaintext is for loopback only: 10.0.0.1" },
  { targets: ["127.0.0.1"], message: 'target must be host:port, got "127.0.0.1"' },
  { targets: ["http://127.0.0.1:1"], message: "target must be host:port" },
])("refuses to dial $targets", ({ targets, message }) => {
  expect(() => dial({ ...common, targets })).toThrow(message);
});
