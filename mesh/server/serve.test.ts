import { create } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import {
  ProcessorService,
  ProcessRequestSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { dial } from "../client/dial.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { box, boxNumber, type EchoRequest, echoServer } from "../testing/echo-server.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { prefix, prefixed, rawSession } from "../testing/raw-call.ts";
import { receive } from "../testing/received.ts";
import { serve } from "./serve.ts";

/** How each kind of client reaches a server; all on one port. */
const CLIENTS: Record<string, (address: string) => Transport & Partial<Disposable>> = {
  "cardlane's channel (grpc-js)": (address) => {
    const channel = dial({ targets: [address], services: [ProcessorService], clock: systemClock });
    return { ...channel.transport, [Symbol.dispose]: () => channel[Symbol.dispose]() };
  },
  "gRPC over h2": (address) => createGrpcTransport({ baseUrl: `http://${address}` }),
  "gRPC-Web over h2": (address) =>
    createGrpcWebTransport({ baseUrl: `http://${address}`, httpVersion: "2" }),
  "gRPC-Web over h1": (address) =>
    createGrpcWebTransport({ baseUrl: `http://${address}`, httpVersion: "1.1" }),
  "Connect over h2": (address) =>
    createConnectTransport({ baseUrl: `http://${address}`, httpVersion: "2" }),
  "Connect over h1": (address) =>
    createConnectTransport({ baseUrl: `http://${address}`, httpVersion: "1.1" }),
};
const all = Object.keys(CLIENTS).map((name) => ({ name }));
/** HTTP/1.1 has no way to answer before the request has ended. */
const overHttp2 = all.filter(({ name }) => !name.endsWith("h1"));

async function connected(name: string) {
  const server = await echoServer();
  const transport = CLIENTS[name]?.(server.address);
  if (transport === undefined) throw new Error(`no client is called ${name}`);
  return {
    processor: createClient(ProcessorService, transport),
    relay: createClient(RelayService, transport),
    async [Symbol.asyncDispose]() {
      transport[Symbol.dispose]?.();
      await server[Symbol.asyncDispose]();
    },
  };
}

test.each(all)("$name: a unary call is answered", async ({ name }) => {
  await using mesh = await connected(name);
  expect((await mesh.processor.getManifest({})).manifest).toBeUndefined();
});

test.each(all)("$name: an error keeps its status and details", async ({ name }) => {
  await using mesh = await connected(name);
  const error = await mesh.relay.getPayment({}).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.NotFound, rawMessage: "no such record" });
  const details = (error as ConnectError).findDetails(ErrorInfoSchema);
  expect(details).toMatchObject([{ reason: "PAYMENT_NOT_FOUND", domain: "cardlane" }]);
  const violations = (error as ConnectError).findDetails(BadRequestSchema);
  expect(violations).toMatchObject([{ fieldViolations: [{ field: "record_number" }] }]);
});

test.each(all)("$name: an unknown error says INTERNAL and nothing more", async ({ name }) => {
  await using mesh = await connected(name);
  const error = await mesh.relay.listPayments({}).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.Internal, rawMessage: "INTERNAL" });
  const details = (error as ConnectError).findDetails(ErrorInfoSchema);
  expect(details).toMatchObject([{ reason: "INTERNAL", domain: "cardlane" }]);
});

test.each(all)("$name: a method without a handler is UNIMPLEMENTED", async ({ name }) => {
  await using mesh = await connected(name);
  const error = await mesh.relay.cancelPayment({}).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.Unimplemented });
});

test.each(all)("$name: a server's stream comes whole and in order", async ({ name }) => {
  await using mesh = await connected(name);
  const sequences: bigint[] = [];
  for await (const { sequence } of mesh.relay.watchPayments({})) sequences.push(sequence);
  expect(sequences).toEqual([1n, 2n, 3n]);
});

test.each(overHttp2)("$name: both directions at once", async ({ name }) => {
  await using mesh = await connected(name);
  expect(await pingPong(mesh.processor, 5)).toEqual([1, 2, 3, 4, 5]);
});

test("fetch with JSON reaches the same methods", async () => {
  await using server = await echoServer();
  const answer = await fetch(`http://${server.address}/${ProcessorService.typeName}/GetManifest`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect({ status: answer.status, body: await answer.json() }).toEqual({ status: 200, body: {} });
});

const MALFORMED = Buffer.from("ffffffff", "hex");

test("bytes that are no message are MALFORMED_REQUEST, on a call as on a stream", async () => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const told = ["GetManifest", "Process"].map(async (method) => {
    const call = raw.call({ ":path": `/${ProcessorService.typeName}/${method}` });
    call.stream.end(Buffer.concat([prefix(0, MALFORMED.byteLength), MALFORMED]));
    return [await call.status, call.message(), call.reason()];
  });
  const expected = [String(Code.InvalidArgument), "a message is malformed", "MALFORMED_REQUEST"];
  expect(await Promise.all(told)).toEqual([expected, expected]);
});

test.each([
  { contentType: "application/proto", body: MALFORMED },
  {
    contentType: "application/grpc-web+proto",
    body: Buffer.concat([prefix(0, MALFORMED.byteLength), MALFORMED]),
  },
])("so they are over $contentType", async ({ contentType, body }) => {
  await using server = await echoServer();
  const path = `${ProcessorService.typeName}/GetManifest`;
  const headers = { "content-type": contentType };
  const answer = await fetch(`http://${server.address}/${path}`, { method: "POST", headers, body });
  const text = `${[...answer.headers].join("\n")}${await answer.text()}`;
  expect(text.replaceAll("%20", " ")).toContain("a message is malformed");
});

test("an unknown path is 404", async () => {
  await using server = await echoServer();
  const answer = await fetch(`http://${server.address}/nothing/Here`, { method: "POST" });
  expect(answer.status).toBe(404);
});

test.each(all)("$name: a message over the limit is refused", async ({ name }) => {
  await using mesh = await connected(name);
  const error = await mesh.relay
    .getPayment({ merchantId: "x".repeat(70_000) })
    .catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.ResourceExhausted });
});

test("plaintext is refused beyond loopback", async () => {
  const starting = serve({ listen: "0.0.0.0:0", services: [], clock: systemClock, log: silentLog });
  await expect(starting).rejects.toThrow("plaintext is for loopback only: 0.0.0.0");
});

test("a port that is taken is an error", async () => {
  await using server = await echoServer();
  await expect(echoServer({ listen: server.address })).rejects.toThrow(
    "another program is listening there",
  );
});

test("a drain ends live streams with a status, and loses no frame", async () => {
  await using server = await echoServer();
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const stream = channel.openStream(ProcessorService.method.process);
  const received = receive(stream);
  const sent = Array.from({ length: 500 }, (_, index) => index + 1);
  for (const number of sent) stream.send(box(number));
  await received.count(1);
  const drained = server.drain(10_000);
  stream.end();
  expect(await received.end).toMatchObject({ clean: true });
  await drained;
  expect(received.frames.map(boxNumber)).toEqual(sent);
});

test("a drain ends what does not end by itself when the grace is over", async () => {
  const clock = new ManualClock();
  await using server = await echoServer({ clock });
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const stream = channel.openStream(ProcessorService.method.process);
  const received = receive(stream);
  stream.send(box(1));
  await received.count(1);
  const drained = server.drain(5_000);
  expect(server.streams[0]?.draining.aborted).toBe(true);
  await clock.advance(4_999);
  expect(stream.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(await received.end).toMatchObject({ code: Code.Unavailable, clean: false });
  await drained;
});

test("health says NOT_SERVING for a probe period before connections are refused", async () => {
  const clock = new ManualClock();
  await using server = await echoServer({ clock, probePeriodMs: 3_000 });
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const drained = server.drain(0);
  expect(server.health.get("")).toBe("NOT_SERVING");
  await channel.client(ProcessorService).getManifest({});
  expect(server.calls).toEqual(["GetManifest"]);
  await clock.advance(3_000);
  await drained;
});

test("a handler that fails ends the stream over Connect with its error", async () => {
  await using mesh = await connected("Connect over h2");
  async function* requests() {
    yield create(ProcessRequestSchema, { frame: { case: "drain", value: {} } });
  }
  const failing = (async () => {
    for await (const _ of mesh.processor.process(requests()));
  })();
  await expect(failing).rejects.toMatchObject({ code: Code.InvalidArgument });
});

test("a caller over Connect that goes away ends the stream", async () => {
  await using server = await echoServer();
  const baseUrl = `http://${server.address}`;
  const transport = createConnectTransport({ baseUrl, httpVersion: "2" });
  const controller = new AbortController();
  async function* requests() {
    yield box(1);
    await new Promise(() => {});
  }
  const options = { signal: controller.signal };
  const answers = createClient(ProcessorService, transport).process(requests(), options);
  await answers[Symbol.asyncIterator]().next();
  const signal = server.streams[0]?.signal;
  const over = new Promise((resolve) => signal?.addEventListener("abort", resolve));
  controller.abort();
  await over;
});

test("a deadline over Connect ends a stream that waits", async () => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const headers = { "content-type": "application/connect+proto", "connect-timeout-ms": "30" };
  const { stream } = raw.call(headers);
  stream.write(prefixed());
  const chunks = await stream.toArray();
  expect(Buffer.concat(chunks).toString()).toContain('"code":"deadline_exceeded"');
});

/** Sends the next box only when the last has come back. */
async function pingPong(client: Client<typeof ProcessorService>, count: number) {
  const next = [Promise.withResolvers<void>()];
  async function* requests(): AsyncGenerator<EchoRequest> {
    for (let number = 1; number <= count; number += 1) {
      yield create(ProcessorService.method.process.input, box(number));
      await next.at(-1)?.promise;
    }
  }
  const numbers: number[] = [];
  for await (const answer of client.process(requests())) {
    numbers.push(boxNumber(answer));
    const last = next.at(-1);
    next.push(Promise.withResolvers<void>());
    last?.resolve();
  }
  return numbers;
}
