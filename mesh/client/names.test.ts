import { expect, test, vi } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { type Clock, systemClock } from "../clock.ts";
import { box, echoServer } from "../testing/echo-server.ts";
import { receive } from "../testing/received.ts";
import { dial } from "./dial.ts";

/** What the name server says now. */
const named = vi.hoisted(() => new Map<string, { address: string; family: number }[]>());
const misses = vi.hoisted(() => ({ count: 0 }));

vi.mock("node:dns/promises", async (original) => ({
  ...(await original<typeof import("node:dns/promises")>()),
  lookup: async (host: string) => {
    const found = named.get(host);
    if (found !== undefined) return found;
    misses.count += 1;
    throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
  },
}));

/** Ten times as fast: names are looked up every half second. */
const HASTY: Clock = {
  ...systemClock,
  monotonicMs: () => systemClock.monotonicMs() * 10,
  timer: (delayMs, callback) => systemClock.timer(delayMs / 10, callback),
};

const at = (...addresses: readonly string[]) =>
  addresses.map((address) => ({ address, family: 4 }));

/** Others have one loopback address until somebody adds more. */
const onLinux = test.skipIf(process.platform !== "linux");

onLinux("a backend that DNS adds gets calls and streams, one that it drops no more", async () => {
  await using first = await echoServer();
  const port = first.address.split(":")[1];
  // Another address of the same machine: behind one name all have one port.
  await using second = await echoServer({ listen: `127.0.0.2:${port}` });
  named.set("localhost", at("127.0.0.1"));
  using channel = dial({
    services: [ProcessorService],
    targets: [`localhost:${port}`],
    clock: HASTY,
  });
  const client = channel.client(ProcessorService);
  const openOne = async () => {
    const stream = channel.openStream(ProcessorService.method.process);
    const received = receive(stream);
    stream.send(box(1));
    await received.count(1);
  };
  for (let call = 0; call < 10; call += 1) await client.getManifest({});
  await openOne();
  expect([second.calls.length, second.streams.length]).toEqual([0, 0]);

  named.set("localhost", at("127.0.0.1", "127.0.0.2"));
  while (second.calls.length === 0) await client.getManifest({});
  while (second.streams.length === 0) await openOne();

  named.set("localhost", at("127.0.0.2"));
  const callsGoOn = async () => {
    const before = first.calls.length;
    for (let call = 0; call < 10; call += 1) await client.getManifest({});
    return first.calls.length > before;
  };
  while (await callsGoOn()) await openOne();
  expect(await callsGoOn()).toBe(false);
});

test("a name server that is away for a while takes no backend away", async () => {
  await using server = await echoServer();
  named.set("localhost", at("127.0.0.1"));
  using channel = dial({
    services: [ProcessorService],
    targets: [`localhost:${server.address.split(":")[1]}`],
    clock: HASTY,
  });
  const client = channel.client(ProcessorService);
  await client.getManifest({});
  named.delete("localhost");
  while (misses.count < 2) await client.getManifest({});
  await client.getManifest({});
  expect(server.calls.length).toBeGreaterThan(2);
});
