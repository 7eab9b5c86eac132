import { Code, type HandlerContext } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { RelayService } from "../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock } from "./clock.ts";
import { dial } from "./dial.ts";
import { silentLog } from "./log.ts";
import { type MeshServer, serve } from "./serve.ts";
import { type MethodsOf, service } from "./service.ts";
import { prefix, rawSession } from "./testing/raw-call.ts";

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
