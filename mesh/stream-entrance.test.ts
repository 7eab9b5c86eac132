import { connect, type Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { ProcessorService } from "../gen/cardlane/processor/v1/processor_pb.ts";
import { splitTarget } from "./backends.ts";
import { type EchoServer, echoServer } from "./testing/echo-server.ts";
import { prefix, rawSession } from "./testing/raw-call.ts";
import { FRAME, frame, GREETING, request } from "./testing/raw-frames.ts";

const PROCESS = `/${ProcessorService.typeName}/Process`;
const UNARY = `/${ProcessorService.typeName}/GetManifest`;
const WAIT = { timeout: 30_000 };

function connected({ address }: EchoServer): Socket {
  const socket = connect({ ...splitTarget(address), noDelay: true });
  socket.on("error", () => socket.destroy());
  return socket;
}

/** Of the RST_STREAM frames that come. */
function resetCodes(socket: Socket): number[] {
  const codes: number[] = [];
  let bytes = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.byteLength >= 9 && bytes.byteLength >= 9 + bytes.readUIntBE(0, 3)) {
      const payload = bytes.subarray(9, 9 + bytes.readUIntBE(0, 3));
      if (bytes[3] === FRAME.rstStream) codes.push(payload.readUInt32BE());
      bytes = bytes.subarray(9 + payload.byteLength);
    }
  });
  return codes;
}

test.each([
  { name: "a stream", path: "Process" },
  { name: "a call", path: "GetManifest" },
])("a message of $name that comes byte by byte is cut off", async ({ path }) => {
  await using server = await echoServer();
  const socket = connected(server);
  const codes = resetCodes(socket);
  const bytes = Array.from({ length: 100 }, () => frame(FRAME.data, 0, 1, Buffer.of(1)));
  const start = request(`/${ProcessorService.typeName}/${path}`);
  const head = frame(FRAME.data, 0, 1, prefix(0, 5_000));
  socket.write(Buffer.concat([GREETING, start, head, ...bytes]));
  await vi.waitFor(() => expect(codes).toEqual([11]), WAIT);
  socket.destroy();
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
