import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { systemClock } from "../mesh/clock.ts";
import { LinkProxy } from "./proxy.ts";

/** A server that sends back what it gets and remembers it, behind a proxy. */
async function echoBehindProxy() {
  const resources = new AsyncDisposableStack();
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      heard.push(String(bytes));
      socket.write(bytes);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  resources.defer(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const proxy = resources.use(await LinkProxy.open(`127.0.0.1:${port}`));
  const dialing = (address = proxy.address) => {
    const [, at] = address.split(":");
    const socket = connect(Number(at), "127.0.0.1");
    socket.on("error", () => undefined);
    resources.defer(() => void socket.destroy());
    return socket;
  };
  const dial = async (address = proxy.address) => {
    const socket = dialing(address);
    await once(socket, "connect");
    return socket;
  };
  /** Past the proxy: whatever was sent through it before has had time to arrive. */
  const settle = async () => await answerTo(await dial(`127.0.0.1:${port}`), "settled");
  return {
    proxy,
    heard,
    dial,
    dialing,
    settle,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** `once` would reject with the reset that is expected here. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.on("close", () => resolve()));
}

async function answerTo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [bytes] = await once(socket, "data");
  return String(bytes);
}

test("what is sent arrives, both ways", async () => {
  await using echo = await echoBehindProxy();
  expect(await answerTo(await echo.dial(), "ping")).toBe("ping");
});

test("a cut link breaks connections and takes none, until it is healed", async () => {
  await using echo = await echoBehindProxy();
  const socket = await echo.dial();
  await answerTo(socket, "ping");
  const broken = closed(socket);
  echo.proxy.cut();
  await broken;
  await closed(echo.dialing());
  echo.proxy.heal();
  expect(await answerTo(await echo.dial(), "again")).toBe("again");
});

test("a slow link takes its time", async () => {
  await using echo = await echoBehindProxy();
  const socket = await echo.dial();
  echo.proxy.slow({ delayMs: 40, bytesPerSecond: 1_000 });
  const startedAtMs = systemClock.monotonicMs();
  await answerTo(socket, "0123456789");
  // Forty for each way, and ten bytes at a kilobyte a second.
  expect(systemClock.monotonicMs() - startedAtMs).toBeGreaterThan(95);
});

test("through a half-open link nothing passes; later it all arrives late", async () => {
  await using echo = await echoBehindProxy();
  const socket = await echo.dial();
  await answerTo(socket, "before");
  echo.proxy.halfOpen();
  socket.write("during");
  await echo.settle();
  expect(echo.heard).toEqual(["before", "settled"]);
  const late = once(socket, "data");
  echo.proxy.heal();
  expect(String((await late)[0])).toBe("during");
});

test("with answers alone held back, what was asked is heard", async () => {
  await using echo = await echoBehindProxy();
  const socket = await echo.dial();
  await answerTo(socket, "before");
  echo.proxy.halfOpen("answers");
  let isAnswered = false;
  socket.on("data", () => {
    isAnswered = true;
  });
  socket.write("during");
  await expect.poll(() => echo.heard).toEqual(["before", "during"]);
  await echo.settle();
  expect(isAnswered).toBe(false);
});
