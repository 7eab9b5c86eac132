import { once } from "node:events";
import { createServer, type Http2Server } from "node:http2";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { expect, test } from "vitest";
import { callStart, dataFrame, lengthPrefixed } from "./grpc-calls.ts";
import { headerBlock } from "./hpack.ts";
import {
  connectionStart,
  FLAG,
  FRAME,
  frameBytes,
  padded,
  SETTING,
  settingsFrame,
  uint32,
} from "./http2-frames.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test.each([
  { name: "an empty SETTINGS", bytes: settingsFrame(), is: "000000040000000000" },
  {
    name: "a setting",
    bytes: settingsFrame([[SETTING.INITIAL_WINDOW_SIZE, 0]]),
    is: "000006040000000000000400000000",
  },
  {
    name: "a reset",
    bytes: frameBytes({ type: FRAME.RST_STREAM, streamId: 3, payload: uint32(8) }),
    is: "00000403000000000300000008",
  },
  {
    name: "an acknowledged PING",
    bytes: frameBytes({ type: FRAME.PING, flags: FLAG.ACK, payload: Buffer.alloc(8, 1) }),
    is: "0000080601000000000101010101010101",
  },
  {
    name: "a frame that states another length, with the reserved bit of its stream",
    bytes: frameBytes({ type: 0xfa, streamId: 0xffff_ffff, statedBytes: 0xff_ffff }),
    is: "fffffffa00ffffffff",
  },
  { name: "padding that is not there", bytes: padded(Buffer.of(7), 9, 2), is: "09070000" },
  { name: "a message that is cut", bytes: lengthPrefixed(Buffer.of(1), 300), is: "000000012c01" },
])("$name: $is", ({ bytes, is }) => {
  expect(hex(bytes)).toBe(is);
});

test.each([
  { field: ["a", "bc"] as const, is: "0001610262 63" },
  // 127 does not fit into the prefix of seven bits (RFC 7541, C.1).
  { field: ["a", "x".repeat(127)] as const, is: `0001617f00${"78".repeat(127)}` },
  { field: ["a", "x".repeat(1_337)] as const, is: `0001617fba09${"78".repeat(1_337)}` },
])("a header field of $field.1.length characters", ({ field, is }) => {
  expect(hex(headerBlock([field]))).toBe(is.replaceAll(" ", ""));
});

test("a server of somebody else understands a call that is written by hand", async () => {
  await using server = await http2Server();
  const heard = once(server.http2, "stream");
  const socket = connectTcp(server.port, "127.0.0.1");
  await once(socket, "connect");
  const long = "v".repeat(3_000);
  socket.write(
    Buffer.concat([
      connectionStart(),
      callStart(1, "/a.Service/Method", [["x-long", long]]),
      dataFrame(1, lengthPrefixed(Buffer.from("hello")), true),
    ]),
  );
  const [stream, headers] = await heard;
  expect(headers).toMatchObject({
    ":method": "POST",
    ":path": "/a.Service/Method",
    "content-type": "application/grpc",
    "x-long": long,
  });
  const body = Buffer.concat(await stream.toArray());
  expect(hex(body)).toBe(`0000000005${hex(Buffer.from("hello"))}`);
  socket.destroy();
});

async function http2Server(): Promise<{ http2: Http2Server; port: number } & AsyncDisposable> {
  const http2 = createServer();
  // The connection ends without a word in the end.
  http2.on("session", (session) => session.on("error", () => session.destroy()));
  http2.listen(0, "127.0.0.1");
  await once(http2, "listening");
  const { port } = http2.address() as AddressInfo;
  return {
    http2,
    port,
    async [Symbol.asyncDispose]() {
      http2.close();
    },
  };
}
