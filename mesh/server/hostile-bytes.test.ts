import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { splitTarget } from "../client/backends.ts";
import { dial } from "../client/dial.ts";
import { systemClock } from "../clock.ts";
import { type EchoServer, echoServer } from "../testing/echo-server.ts";
import { END_OF_CONNECTION, GREETING, request, reset } from "../testing/raw-frames.ts";

const BIDI = `/${ProcessorService.typeName}/Process`;
const UNARY = `/${ProcessorService.typeName}/GetManifest`;
const REFLECTION = `/${ServerReflection.typeName}/ServerReflectionInfo`;
const EXPECTING = { expect: "100-continue" };

/** What ends a connection or a stream, in the segment that opens the stream. */
const ENDS = { "a protocol error": END_OF_CONNECTION, "a reset": reset() };

const OVER_HTTP2 = Object.entries(ENDS).flatMap(([end, bytes]) =>
  [BIDI, UNARY, REFLECTION, "/nothing/Here"].flatMap((path) => [
    { name: `${path} and ${end}`, bytes: [GREETING, request(path), bytes] },
    { name: `${path}, expecting, and ${end}`, bytes: [GREETING, request(path, EXPECTING), bytes] },
  ]),
);

const ODD_REQUESTS = [
  {
    name: "HTTP/2 with an authority that is none",
    bytes: [GREETING, request(UNARY, { ":authority": "[" })],
  },
  {
    name: "HTTP/2 without an authority",
    bytes: [GREETING, request(UNARY, { ":authority": "" })],
  },
  {
    name: "a header of HTTP/2 that is no text",
    bytes: [GREETING, request(BIDI, { "x-odd": "\xff\xfe" })],
  },
  { name: "HTTP/1.0 without a host", bytes: [http1(UNARY, "HTTP/1.0")] },
  { name: "HTTP/1.1 with a host that is none", bytes: [http1(UNARY, "HTTP/1.1", "host: [")] },
  {
    name: "HTTP/1.1 that waits for leave and goes",
    bytes: [http1(UNARY, "HTTP/1.1", "host: mesh", "expect: 100-continue", "content-length: 9")],
  },
  { name: "CONNECT over HTTP/1.1", bytes: [Buffer.from("CONNECT mesh:1 HTTP/1.1\r\n\r\n")] },
];

/** What would have ended a program. */
const uncaught: unknown[] = [];
const note = (error: unknown) => void uncaught.push(error);
beforeAll(() => void process.on("uncaughtExceptionMonitor", note));
afterAll(() => void process.off("uncaughtExceptionMonitor", note));

test.each([...OVER_HTTP2, ...ODD_REQUESTS])("$name: the server goes on", async ({ bytes }) => {
  await using server = await echoServer();
  await sent(server, Buffer.concat(bytes));
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  await channel.client(ProcessorService).getManifest({});
  expect(server.calls.at(-1)).toBe("GetManifest");
  expect(uncaught.splice(0)).toEqual([]);
});

function http1(path: string, version: string, ...fields: string[]): Buffer {
  return Buffer.from([`POST ${path} ${version}`, ...fields, "", ""].join("\r\n"));
}

/** Sends the bytes in one segment, half-closes, and waits until the connection has ended. */
function sent({ address }: EchoServer, bytes: Buffer): Promise<void> {
  const socket = connect({ ...splitTarget(address), noDelay: true });
  socket.resume();
  socket.on("error", () => socket.destroy());
  socket.end(bytes);
  return new Promise((resolve) => socket.once("close", () => resolve()));
}
