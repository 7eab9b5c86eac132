import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { systemClock as clock } from "../../mesh/clock.ts";
import { type Ending, exchange } from "./exchange.ts";

/** A server that says "hi" once, and remembers what it was sent and how the connection ended. */
async function listener() {
  const heard: Buffer[] = [];
  const end = Promise.withResolvers<string>();
  const server = createServer((socket: Socket) => {
    socket.on("data", (bytes: Buffer) => {
      if (heard.push(bytes) === 1) socket.write("hi");
    });
    socket.on("end", () => end.resolve("end"));
    socket.on("error", (error) => end.resolve("code" in error ? String(error.code) : "error"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    heard,
    ended: end.promise,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

test.each<{ ending: Ending; seen: string; isOpen: boolean }>([
  { ending: "end", seen: "end", isOpen: false },
  { ending: "reset", seen: "ECONNRESET", isOpen: false },
  { ending: "answer", seen: "end", isOpen: false },
  { ending: "silence", seen: "", isOpen: true },
])("a connection is left by $ending", async ({ ending, seen, isOpen }) => {
  await using server = await listener();
  const pieces = [Buffer.from("one"), Buffer.from("two")];
  const { socket, answer } = await exchange(server.address, { pieces, ending }, { clock });
  expect(!socket.destroyed).toBe(isOpen);
  if (isOpen) await expect.poll(() => String(Buffer.concat(server.heard))).toBe("onetwo");
  else expect(await server.ended).toBe(seen);
  if (ending === "answer") expect(String(Buffer.concat(answer))).toBe("hi");
  socket.destroy();
});

test("a port where nobody listens is no error", async () => {
  const address = await listener().then(async (server) => {
    await using closing = server;
    return closing.address;
  });
  const said = { pieces: [Buffer.from("x")], ending: "end" } as const;
  const { socket } = await exchange(address, said, { clock });
  expect(socket.destroyed).toBe(true);
});
