import { Code, type HandlerContext } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { dial } from "../client/dial.ts";
import { systemClock, TIMER_MS_MAX } from "../clock.ts";
import { silentLog } from "../log.ts";
import { type MethodsOf, service } from "../service.ts";
import { prefix, rawSession } from "../testing/raw-call.ts";
import { type MeshServer, serve } from "./serve.ts";

async function relayWith(methods: MethodsOf<typeof RelayService>): Promise<MeshServer> {
  const services = [service(RelayService, methods)];
  return await serve({ listen: "127.0.0.1:0", services, clock: systemClock, log: silentLog });
}

function dialRelay(server: MeshServer, timeoutMs = 10_000) {
  return dial({
    targets: [server.address],
    services: [RelayService],
    clock: systemClock,
    timeoutMs,
  });
}

/** Calls without a client that would end the call by itself, so that the server has to. */
async function statusOf(server: MeshServer, method: string): Promise<string> {
  await using raw = rawSession(server.address);
  const { stream, status } = raw.call({
    ":path": `/${RelayService.typeName}/${method}`,
    "grpc-timeout": "50m",
  });
  stream.end(prefix(0, 0));
  return await status;
}

const aborted = ({ signal }: HandlerContext) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));

test("a server's stream that its deadline ends says so, however its handler ends", async () => {
  await using server = await relayWith({
    async *watchPayments(_request, context) {
      yield { sequence: 1n };
      await aborted(context);
    },
  });
  expect(await statusOf(server, "WatchPayments")).toBe(String(Code.DeadlineExceeded));
});

test("a unary call that takes too long is ended by the server", async () => {
  await using server = await relayWith({ getPayment: () => new Promise<never>(() => undefined) });
  expect(await statusOf(server, "GetPayment")).toBe(String(Code.DeadlineExceeded));
});

test("a unary call whose handler fails after that is of no further interest", async () => {
  const ended = Promise.withResolvers<void>();
  await using server = await relayWith({
    async getPayment(_request, context) {
      await aborted(context);
      ended.resolve();
      throw new Error("nobody hears this");
    },
  });
  expect(await statusOf(server, "GetPayment")).toBe(String(Code.DeadlineExceeded));
  await ended.promise;
});

test("a handler is told how long its caller waits", async () => {
  const left: (number | undefined)[] = [];
  await using server = await relayWith({
    getPayment(_request, { timeoutMs }) {
      left.push(timeoutMs());
      return {};
    },
  });
  using channel = dialRelay(server);
  await channel.client(RelayService).getPayment({}, { timeoutMs: 2_000 });
  expect(left[0]).toBeGreaterThan(1_000);
  expect(left[0]).toBeLessThanOrEqual(2_000);
});

const DAY_MS = 86_400_000;
const ANSWER = { payment: { recordNumber: "A10000000000" } };

/** One payment, told at once; then the stream ends by itself. */
async function unhurried(): Promise<MeshServer> {
  return await relayWith({
    getPayment: async () => {
      await systemClock.sleep(20);
      return ANSWER;
    },
    async *watchPayments() {
      await systemClock.sleep(20);
      yield { sequence: 1n };
    },
    transact: (stream) => {
      stream.onFrame(() => systemClock.timer(20, () => stream.end()));
    },
  });
}

/** Whatever TimeoutOverflowWarning would say comes in the next turn. */
async function warningsDuring(run: () => Promise<void>): Promise<readonly string[]> {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on("warning", onWarning);
  await run();
  await systemClock.sleep(0);
  process.off("warning", onWarning);
  return warnings;
}

const IN_A_MONTH = { "grpc-timeout": `${(30 * DAY_MS) / 1_000}S` };

test.each(["GetPayment", "WatchPayments", "Transact"])(
  "a deadline in a month of gRPC: %s",
  async (method) => {
    await using server = await unhurried();
    const warnings = await warningsDuring(async () => {
      await using raw = rawSession(server.address);
      const path = { ":path": `/${RelayService.typeName}/${method}` };
      const { stream, status } = raw.call({ ...path, ...IN_A_MONTH });
      stream.end(prefix(0, 0));
      expect(await status).toBe("0");
    });
    expect(warnings).toEqual([]);
  },
);

test.each(["GetPayment", "WatchPayments"])(
  "a deadline in a month of gRPC-Web: %s",
  async (method) => {
    await using server = await unhurried();
    const warnings = await warningsDuring(async () => {
      const answer = await post(server, method, {
        body: new Uint8Array(5),
        headers: { "content-type": "application/grpc-web+proto", ...IN_A_MONTH },
      });
      expect(Buffer.from(await answer.arrayBuffer()).toString("latin1")).toContain(
        "grpc-status: 0",
      );
    });
    expect(warnings).toEqual([]);
  },
);

test.each([
  ["GetPayment", "application/proto", new Uint8Array()],
  ["WatchPayments", "application/connect+proto", new Uint8Array(5)],
])("a deadline in a month of Connect: %s", async (method, contentType, body) => {
  await using server = await unhurried();
  const warnings = await warningsDuring(async () => {
    const headers = { "content-type": contentType, "connect-timeout-ms": `${30 * DAY_MS}` };
    const answer = await post(server, method, { body, headers });
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toContain("deadline_exceeded");
  });
  expect(warnings).toEqual([]);
});

test("a deadline in a month of a client of this project", async () => {
  await using server = await unhurried();
  using channel = dialRelay(server);
  const client = channel.client(RelayService);
  const warnings = await warningsDuring(async () => {
    const options = { timeoutMs: 30 * DAY_MS };
    const { payment } = await client.getPayment({}, options);
    expect(payment?.recordNumber).toBe(ANSWER.payment.recordNumber);
    const sequences: bigint[] = [];
    for await (const { sequence } of client.watchPayments({}, options)) sequences.push(sequence);
    expect(sequences).toEqual([1n]);
  });
  expect(warnings).toEqual([]);
});

test("a deadline in a month is told to the handler as the longest that a timer waits", async () => {
  const left: (number | undefined)[] = [];
  await using server = await relayWith({
    getPayment(_request, { timeoutMs }) {
      left.push(timeoutMs());
      return {};
    },
  });
  using channel = dialRelay(server);
  await channel.client(RelayService).getPayment({}, { timeoutMs: 30 * DAY_MS });
  expect(left[0]).toBeGreaterThan(TIMER_MS_MAX - DAY_MS);
  expect(left[0]).toBeLessThanOrEqual(TIMER_MS_MAX);
});

function post(server: MeshServer, method: string, init: RequestInit): Promise<Response> {
  const url = `http://${server.address}/${RelayService.typeName}/${method}`;
  return fetch(url, { method: "POST", ...init });
}
