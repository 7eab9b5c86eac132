import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { serve } from "../server/serve.ts";
import { DEFAULT_LIMITS, type ServerLimits } from "../server/server-limits.ts";
import { service } from "../service.ts";
import { box, echoServer } from "../testing/echo-server.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { prefix, type RawSession, rawSession } from "../testing/raw-call.ts";
import { FRAME, frame, GREETING, headerBlock } from "../testing/raw-frames.ts";
import { receive } from "../testing/received.ts";
import { splitTarget } from "./backends.ts";
import { dial } from "./dial.ts";

const UNARY = `/${ProcessorService.typeName}/GetManifest`;

/** A connection that never closes by itself. */
async function connected(address: string): Promise<Socket> {
  const socket = connect({ ...splitTarget(address), noDelay: true, allowHalfOpen: true });
  socket.on("error", () => socket.destroy());
  socket.resume();
  await once(socket, "connect");
  return socket;
}

/** A first call: the time for greetings is over. */
async function greeted(raw: RawSession): Promise<void> {
  const call = raw.call();
  call.stream.end();
  await call.status;
}

/** Moves the clock until it has happened. */
async function untilSeen(clock: ManualClock, stepMs: number, seen: () => void): Promise<void> {
  const look = async () => {
    await clock.advance(stepMs);
    seen();
  };
  await vi.waitFor(look, { timeout: 30_000 });
}

test.each([
  { name: "three bytes of a preface", bytes: Buffer.from("PRI"), withinMs: 10_000 },
  { name: "a greeting", bytes: GREETING, withinMs: 300_000 },
  {
    name: "headers that do not end",
    bytes: Buffer.concat([GREETING, frame(FRAME.headers, 0, 1, headerBlock({ "x-a": "b" }))]),
    withinMs: 300_000,
  },
])("after $name and nothing more the connection is closed", async ({ bytes, withinMs }) => {
  const clock = new ManualClock();
  await using server = await echoServer({ clock });
  const socket = await connected(server.address);
  let isEnded = false;
  for (const end of ["end", "close"]) {
    socket.on(end, () => {
      isEnded = true;
    });
  }
  socket.write(bytes);
  if (bytes.byteLength > GREETING.byteLength - 1) await once(socket, "data");
  await untilSeen(clock, 5_000, () => expect(isEnded).toBe(true));
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(withinMs);
  socket.destroy();
});

test("a client that idled comes back by itself, and its caller feels nothing", async () => {
  const clock = new ManualClock();
  await using server = await echoServer({ clock });
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const client = channel.client(ProcessorService);
  await client.getManifest({});
  for (let round = 0; round < 3; round += 1) {
    await clock.advance(2 * DEFAULT_LIMITS.idleMsMax);
    await client.getManifest({});
    const stream = channel.openStream(ProcessorService.method.process);
    const received = receive(stream);
    stream.send(box(round));
    stream.end();
    expect(await received.end).toMatchObject({ clean: true });
  }
  expect(server.calls.filter((call) => call === "GetManifest")).toHaveLength(4);
});

test("a unary call whose message never comes ends with DEADLINE_EXCEEDED", async () => {
  const clock = new ManualClock();
  await using server = await echoServer({ clock });
  await using raw = rawSession(server.address);
  await greeted(raw);
  const call = raw.call({ ":path": UNARY });
  call.stream.write(prefix(0, 100).subarray(0, 3));
  let status = "";
  void call.status.then((is) => {
    status = is;
  });
  await untilSeen(clock, 10_000, () => expect(status).toBe(String(Code.DeadlineExceeded)));
  expect(server.calls).toEqual(["Process"]);
});

test("a unary call that is not answered ends, whatever its caller grants", async () => {
  const clock = new ManualClock();
  const entered = Promise.withResolvers<void>();
  const hanging = service(ProcessorService, {
    getManifest: () => {
      entered.resolve();
      return new Promise<never>(() => {});
    },
  });
  await using server = await served([hanging], clock);
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const call = channel.client(ProcessorService).getManifest({}, { timeoutMs: 3_600_000 });
  await entered.promise;
  await clock.advance(DEFAULT_LIMITS.callMsMax);
  expect(await call.catch(ConnectError.from)).toMatchObject({ code: Code.DeadlineExceeded });
});

test("answers that nobody reads are cut off after a while", async () => {
  const clock = new ManualClock();
  await using server = await served([manyLong()], clock);
  await using closed = closedWindow(server.address);
  const ended = closed.ask(1);
  await untilSeen(clock, 4_000, () => expect(ended).toEqual([ENHANCE_YOUR_CALM]));
});

test("answers that nobody reads have a bound together, and a reader feels nothing", async () => {
  await using server = await served([manyLong()], new ManualClock(), { heldBytesMax: 1_000_000 });
  await using closed = closedWindow(server.address);
  const ended = closed.ask(40);
  await vi.waitFor(() => expect(ended.length).toBeGreaterThan(15), { timeout: 10_000 });
  expect(new Set(ended)).toEqual(new Set([ENHANCE_YOUR_CALM]));
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  expect((await channel.client(RelayService).listPayments({})).payments).toHaveLength(500);
});

test("a message that is not finished ends its stream", async () => {
  const clock = new ManualClock();
  await using server = await echoServer({ clock });
  await using raw = rawSession(server.address);
  await greeted(raw);
  const call = raw.call();
  call.stream.write(Buffer.concat([prefix(0, 100), Buffer.alloc(50)]));
  let status = "";
  void call.status.then((is) => {
    status = is;
  });
  await untilSeen(clock, 10_000, () => expect(status).toBe(String(Code.DeadlineExceeded)));
  expect(call.message()).toBe("a message was not finished");
});

test("unfinished messages have a bound together", async () => {
  await using server = await echoServer({ limits: { heldBytesMax: 200_000 } });
  await using raw = rawSession(server.address);
  const calls = Array.from({ length: 8 }, () => raw.call());
  for (const { stream } of calls) {
    stream.write(Buffer.concat([prefix(0, 65_000), Buffer.alloc(60_000)]));
  }
  const refused = await Promise.race(calls.map(({ status }) => status));
  expect(refused).toBe(String(Code.ResourceExhausted));
});

const ENHANCE_YOUR_CALM = 11;

/** `ListPayments` answers with five hundred records, about 50 kB. */
function manyLong() {
  const payments = Array.from({ length: 500 }, () => ({ merchantId: "x".repeat(95) }));
  return service(RelayService, { listPayments: () => ({ payments }) });
}

function served(
  services: Parameters<typeof serve>[0]["services"],
  clock: ManualClock,
  limits: Partial<ServerLimits> = {},
) {
  return serve({ listen: "127.0.0.1:0", services, clock, log: silentLog, limits });
}

/** A client that gives no room to any answer. */
function closedWindow(address: string) {
  const session = connectHttp2(`http://${address}`, { settings: { initialWindowSize: 0 } });
  session.on("error", () => session.destroy());
  return {
    /** Asks so often; in what it returns are the reset codes of those that have ended. */
    ask(count: number): number[] {
      const ended: number[] = [];
      for (let asked = 0; asked < count; asked += 1) {
        const stream = session.request({
          ":method": "POST",
          ":path": `/${RelayService.typeName}/ListPayments`,
          "content-type": "application/grpc",
          te: "trailers",
        });
        stream.on("error", () => undefined);
        stream.on("close", () => ended.push(stream.rstCode));
        stream.end(prefix(0, 0));
      }
      return ended;
    },
    [Symbol.asyncDispose]: async () => session.destroy(),
  };
}

test("a server's stream lives for as long as it is wanted", async () => {
  const clock = new ManualClock();
  const more = Promise.withResolvers<void>();
  const watching = service(RelayService, {
    async *watchPayments() {
      yield { sequence: 1n };
      await more.promise;
      yield { sequence: 2n };
    },
  });
  await using server = await served([watching], clock);
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const sequences: bigint[] = [];
  for await (const { sequence } of channel.client(RelayService).watchPayments({})) {
    sequences.push(sequence);
    if (sequence === 1n) await clock.advance(24 * 3_600_000);
    more.resolve();
  }
  expect(sequences).toEqual([1n, 2n]);
});
