import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { splitTarget } from "../client/backends.ts";
import { dial } from "../client/dial.ts";
import { systemClock } from "../clock.ts";
import { type EchoServer, echoServer } from "../testing/echo-server.ts";
import { ManualClock } from "../testing/manual-clock.ts";

async function connected(server: EchoServer): Promise<Socket> {
  const socket = connect({ ...splitTarget(server.address), noDelay: true });
  socket.on("error", () => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Byte by byte, with time for the server to read each. */
async function trickle(socket: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  }
}

/** `once` would fail at the error that a reset is. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** The server goes on: one call is answered. */
async function expectAnswer(server: EchoServer): Promise<void> {
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  await channel.client(ProcessorService).getManifest({});
}

test("an HTTP/1.1 request that arrives byte by byte is still HTTP/1.1", async () => {
  await using server = await echoServer();
  const socket = await connected(server);
  const request = "POST /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
  await trickle(socket, Buffer.from(request));
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 404 /);
});

test("an HTTP/2 preface that arrives byte by byte is still HTTP/2", async () => {
  await using server = await echoServer();
  const socket = await connected(server);
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const emptySettings = Buffer.from("000000040000000000", "hex");
  await trickle(socket, Buffer.concat([preface, emptySettings]));
  const [frame] = (await once(socket, "data")) as [Buffer];
  const settingsFrame = 4;
  expect(frame[3]).toBe(settingsFrame);
  socket.destroy();
});

test.each([
  { name: "garbage", bytes: Buffer.alloc(4_096, 0xa5) },
  {
    name: "a preface and then garbage",
    bytes: Buffer.from(`PRI * HTTP/2.0\r\n\r\n${"x".repeat(99)}`),
  },
  { name: "a TLS greeting", bytes: Buffer.from("16030100f8010000f40303", "hex") },
  { name: "headers without end", bytes: Buffer.from(`GET / HTTP/1.1\r\nx: ${"y".repeat(70_000)}`) },
])("$name ends that connection only", async ({ bytes }) => {
  await using server = await echoServer();
  const socket = await connected(server);
  socket.resume();
  const closed = closing(socket);
  socket.end(bytes);
  await closed;
  await expectAnswer(server);
});

test("a connection that says nothing is closed", async () => {
  const clock = new ManualClock();
  await using server = await echoServer({ clock, limits: { handshakeMsMax: 2_000 } });
  const socket = await connected(server);
  socket.resume();
  const closed = closing(socket);
  // A second connection that is answered shows that the server knows of the first.
  await expectAnswer(server);
  await clock.advance(2_000);
  await closed;
});

test("a drain does not wait for HTTP/1.1 connections that idle", async () => {
  const clock = new ManualClock();
  await using server = await echoServer({ clock });
  const socket = await connected(server);
  const closed = closing(socket);
  socket.write("GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n");
  await once(socket, "data");
  // The clock stands still: only the end of the last connection can end this.
  await server.drain(60_000);
  await closed;
});

test("connections over the limit are not taken", async () => {
  await using server = await echoServer({ limits: { connectionsMax: 1 } });
  const first = await connected(server);
  const second = await connected(server);
  second.resume();
  await closing(second);
  first.destroy();
});
