import { request } from "node:http";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { expect, test } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { GetPaymentRequestSchema, RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { splitTarget } from "../client/backends.ts";
import { paymentErrorFrom } from "../errors-to-wire.ts";
import { toHeaders } from "../identity/caller.ts";
import { type EchoServer, echoServer } from "../testing/echo-server.ts";
import { prefix, rawSession } from "../testing/raw-call.ts";

const UNARY = `/${RelayService.typeName}/GetPayment`;
const STREAM = `/${ProcessorService.typeName}/Process`;
const LONG = toBinary(
  GetPaymentRequestSchema,
  create(GetPaymentRequestSchema, { merchantId: "x".repeat(70_000) }),
);
const MALFORMED = Buffer.from("ffffffff", "hex");
const NOTHING = Buffer.alloc(0);

interface Refused {
  readonly name: string;
  readonly path?: string;
  readonly message?: Uint8Array;
  readonly headers?: Record<string, string>;
  readonly flag?: number;
  readonly reason: string;
}

const BOTH: readonly Refused[] = [
  {
    name: "an unknown method",
    path: "/cardlane.relay.v1.RelayService/No",
    reason: "NOT_SUPPORTED",
  },
  { name: "an unknown service", path: "/nothing.v1.Nothing/Here", reason: "NOT_SUPPORTED" },
  { name: "a malformed message", message: MALFORMED, reason: "MALFORMED_REQUEST" },
  { name: "a message over the limit", message: LONG, reason: "FRAME_TOO_LARGE" },
];

/** In gRPC's framing. */
const FRAMED: readonly Refused[] = [
  ...BOTH,
  { name: "compression", headers: { "grpc-encoding": "gzip" }, reason: "NOT_SUPPORTED" },
  { name: "a compressed message", flag: 1, reason: "NOT_SUPPORTED" },
  { name: "a flag that does not exist", flag: 4, reason: "MALFORMED_REQUEST" },
  {
    name: "a timeout that is none",
    headers: { "grpc-timeout": "soon" },
    reason: "MALFORMED_REQUEST",
  },
];

const BARE: readonly Refused[] = [
  ...BOTH,
  {
    name: "compression",
    headers: { "content-encoding": "gzip" },
    message: gzipSync(NOTHING),
    reason: "NOT_SUPPORTED",
  },
  {
    name: "a timeout that is none",
    headers: { "connect-timeout-ms": "soon" },
    reason: "MALFORMED_REQUEST",
  },
];

test.each(FRAMED)("gRPC: $name says why", async ({ path = UNARY, message, flag, ...expected }) => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const call = raw.call({ ":path": path, ...expected.headers });
  call.stream.end(framed(message, flag));
  await call.status;
  expect(call.reason()).toBe(expected.reason);
});

test.each([
  { name: "a compressed message", bytes: prefix(1, 0), reason: "NOT_SUPPORTED" },
  { name: "a flag that does not exist", bytes: prefix(4, 0), reason: "MALFORMED_REQUEST" },
  { name: "a message over the limit", bytes: prefix(0, 70_000_000), reason: "FRAME_TOO_LARGE" },
  { name: "half a message", bytes: prefix(0, 9), reason: "MALFORMED_REQUEST" },
])("a stream: $name says why", async ({ bytes, reason }) => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const call = raw.call({ ":path": STREAM });
  call.stream.end(bytes);
  await call.status;
  expect(call.reason()).toBe(reason);
});

test.each([
  { name: "a stream", path: STREAM, bytes: NOTHING, reason: "DEADLINE_EXCEEDED", timeout: "1m" },
  { name: "a call", path: UNARY, bytes: NOTHING, reason: "NOT_SUPPORTED", timeout: "9S" },
  {
    name: "a call twice",
    path: UNARY,
    bytes: Buffer.alloc(10),
    reason: "NOT_SUPPORTED",
    timeout: "9S",
  },
  {
    name: "a call cut short",
    path: UNARY,
    bytes: prefix(0, 9),
    reason: "MALFORMED_REQUEST",
    timeout: "9S",
  },
])("gRPC: $name without its one message says why", async ({ path, bytes, reason, timeout }) => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const call = raw.call({ ":path": path, "grpc-timeout": timeout });
  if (path === STREAM) call.stream.write(bytes);
  else call.stream.end(bytes);
  await call.status;
  expect(call.reason()).toBe(reason);
});

test.each(FRAMED)(
  "gRPC-Web: $name says why",
  async ({ path = UNARY, message, flag, ...expected }) => {
    await using server = await echoServer();
    const headers = { "content-type": "application/grpc-web+proto", ...expected.headers };
    const answer = await post(server, path, headers, framed(message, flag));
    const lines = answer.body.subarray(5).toString().split("\r\n");
    const inBody = lines.flatMap((line) => (line === "" ? [] : [line.split(": ", 2)]));
    const trailers = new Headers([...toHeaders(answer.headers), ...inBody] as [string, string][]);
    expect(reasonOf(findTrailerError(trailers))).toBe(expected.reason);
  },
);

test.each(BARE)("Connect: $name says why", async ({ path = UNARY, message, ...expected }) => {
  await using server = await echoServer();
  const headers = { "content-type": "application/proto", ...expected.headers };
  const { body } = await post(server, path, headers, message ?? NOTHING);
  expect(reasonOf(errorFromJsonBytes(body, undefined, FALLBACK))).toBe(expected.reason);
});

test.each([
  { name: "no JSON", json: "{", reason: "MALFORMED_REQUEST" },
  { name: "a field that does not exist", json: '{"nothing":1}', reason: "MALFORMED_REQUEST" },
  { name: "half a surrogate", json: '{"merchantId":"\\ud800"}', reason: "MALFORMED_REQUEST" },
  { name: "what the handler refuses", json: "{}", reason: "PAYMENT_NOT_FOUND" },
])("Connect with JSON, posted or asked: $name says why", async ({ json, reason }) => {
  await using server = await echoServer();
  const posted = await post(
    server,
    UNARY,
    { "content-type": "application/json" },
    Buffer.from(json),
  );
  expect(reasonOf(errorFromJsonBytes(posted.body, undefined, FALLBACK))).toBe(reason);
  const query = `?encoding=json&message=${encodeURIComponent(json)}`;
  const asked = await fetch(`http://${server.address}${UNARY}${query}`);
  const bytes = new Uint8Array(await asked.arrayBuffer());
  expect(reasonOf(errorFromJsonBytes(bytes, undefined, FALLBACK))).toBe(reason);
});

test("a bug says INTERNAL, and nothing more", async () => {
  await using server = await echoServer();
  const path = `/${RelayService.typeName}/ListPayments`;
  const { body } = await post(
    server,
    path,
    { "content-type": "application/json" },
    Buffer.from("{}"),
  );
  const error = errorFromJsonBytes(body, undefined, FALLBACK);
  expect([reasonOf(error), error.rawMessage]).toEqual(["INTERNAL", "INTERNAL"]);
});

const FALLBACK = new ConnectError("no JSON", Code.Unknown);

function reasonOf(error: ConnectError | undefined): string {
  return (error && paymentErrorFrom(error)?.code) ?? "";
}

function framed(message: Uint8Array = NOTHING, flag = 0): Buffer {
  const head = prefix(0, message.byteLength);
  head[0] = flag;
  return Buffer.concat([head, message]);
}

async function post(
  { address }: EchoServer,
  path: string,
  headers: Record<string, string>,
  body: Uint8Array,
) {
  const { promise, resolve, reject } = Promise.withResolvers<import("node:http").IncomingMessage>();
  const options = { ...splitTarget(address), method: "POST", path, headers };
  request(options, resolve).on("error", reject).end(body);
  const answer = await promise;
  return { headers: answer.headers, body: await buffer(answer) };
}
