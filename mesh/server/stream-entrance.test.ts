import { connect, type Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { splitTarget } from "../client/backends.ts";
import { type EchoServer, echoServer } from "../testing/echo-server.ts";
import { prefix, rawSession } from "../testing/raw-call.ts";
import { FRAME, frame, GREETING, request } from "../testing/raw-frames.ts";

const PROCESS = `/${ProcessorService.typeName}/Process`;
const UNARY = `/${ProcessorService.typeName}/GetManifest`;

function connected({ address }: EchoServer): Socket {
  const socket = connect({ ...splitTarget(address), noDelay: true });
  socket.on("error", () => socket.destroy());
  return socket;
}

/** The error code of the first GOAWAY, once the connection has ended. */
async function goawayCode(socket: Socket): Promise<number | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  let bytes = Buffer.concat(chunks);
  while (bytes.byteLength >= 9) {
    const payload = bytes.subarray(9, 9 + bytes.readUIntBE(0, 3));
    if (bytes[3] === FRAME.goaway) return payload.readUInt32BE(4);
    bytes = bytes.subarray(9 + payload.byteLength);
  }
  return undefined;
}

test.each([
  { name: "a stream", path: "Process", contentType: "application/grpc" },
  { name: "a call", path: "GetManifest", contentType: "application/grpc" },
  { name: "a call of Connect", path: "GetManifest", contentType: "application/proto" },
  { name: "a call in JSON", path: "GetManifest", contentType: "application/json" },
])("a message of $name that comes byte by byte ends its connection, and no other", async (one) => {
  await using server = await echoServer();
  await using other = rawSession(server.address);
  const call = other.call();
  const socket = connected(server);
  const bytes = Array.from({ length: 100 }, () => frame(FRAME.data, 0, 1, Buffer.of(1)));
  const fields = { "content-type": one.contentType };
  const start = request(`/${ProcessorService.typeName}/${one.path}`, fields);
  const head = frame(FRAME.data, 0, 1, prefix(0, 5_000));
  socket.write(Buffer.concat([GREETING, start, head, ...bytes]));
  expect(await goawayCode(socket)).toBe(11);
  call.stream.end();
  expect(await call.status).toBe("0");
});

test.each([
  { name: "a stream", path: PROCESS, status: "0" },
  { name: "a call without its message", path: UNARY, status: String(Code.Unimplemented) },
])("$name that is half-closed before its turn is answered", async ({ path, status }) => {
  await using server = await echoServer();
  await using raw = rawSession(server.address);
  const call = raw.call({ ":path": path });
  call.stream.end();
  expect(await call.status).toBe(status);
});
