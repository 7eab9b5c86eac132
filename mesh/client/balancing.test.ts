import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ReaderControlService } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { serve } from "../server/serve.ts";
import { service } from "../service.ts";
import { dial } from "./dial.ts";

/** grpc-js looks at its backends every five seconds. */
const EJECTION_MS = 30_000;

const unavailable = () => {
  throw new ConnectError("not now", Code.Unavailable);
};

/** A relay that counts what reaches it. */
async function countingRelay(answer: () => object = () => ({}), listen = "127.0.0.1:0") {
  let calls = 0;
  const count = () => {
    calls += 1;
    return answer();
  };
  const services = [
    service(RelayService, { getPayment: count }),
    service(ReaderControlService, { presentCard: count }),
  ];
  const server = await serve({ listen, services, clock: systemClock, log: silentLog });
  return Object.assign(server, { calls: () => calls });
}

function dialAll(...targets: readonly string[]) {
  const services = [RelayService, ReaderControlService];
  return dial({ targets, services, clock: systemClock });
}

test("calls go on when a backend dies, and reach it again when it is back", async () => {
  await using alive = await countingRelay();
  const mortal = await countingRelay();
  using channel = dialAll(alive.address, mortal.address);
  const client = channel.client(RelayService);
  while (mortal.calls() === 0) await client.getPayment({});
  await mortal[Symbol.asyncDispose]();
  for (let call = 0; call < 20; call += 1) await client.getPayment({});
  await using back = await countingRelay(undefined, mortal.address);
  while (back.calls() === 0) await client.getPayment({});
  expect(alive.calls()).toBeGreaterThanOrEqual(20);
});

test(
  "a backend that fails what others answer is left out for a while",
  async () => {
    await using good = await countingRelay();
    await using bad = await countingRelay(() => {
      throw new ConnectError("broken", Code.Internal);
    });
    using channel = dialAll(good.address, bad.address);
    const client = channel.client(RelayService);
    let goodInARow = 0;
    while (goodInARow < 200) {
      const isGood = await client.getPayment({}).then(
        () => true,
        () => false,
      );
      goodInARow = isGood ? goodInARow + 1 : 0;
    }
    expect(bad.calls()).toBeGreaterThan(0);
  },
  EJECTION_MS,
);

test("repeats have a budget: a server in trouble is not asked three times for ever", async () => {
  await using server = await countingRelay(unavailable);
  using channel = dialAll(server.address);
  const client = channel.client(RelayService);
  const ask = () => client.getPayment({}).catch(ConnectError.from);
  await ask();
  expect(server.calls()).toBe(3);
  // Half of the budget of 100 is gone with these.
  await Promise.all(Array.from({ length: 60 }, ask));
  const before = server.calls();
  await ask();
  expect(server.calls() - before).toBe(1);
});

test("what the contract does not call repeatable is sent once", async () => {
  await using server = await countingRelay(unavailable);
  using channel = dialAll(server.address);
  const presented = channel.client(ReaderControlService).presentCard({ card: "visa" });
  expect(await presented.catch(ConnectError.from)).toMatchObject({ code: Code.Unavailable });
  expect(server.calls()).toBe(1);
});

test("a drain lets a call that is running finish, and takes no more", async () => {
  const [begun, finish] = [Promise.withResolvers<void>(), Promise.withResolvers<object>()];
  await using server = await countingRelay(() => {
    begun.resolve();
    return finish.promise;
  });
  using channel = dialAll(server.address);
  const running = channel.client(RelayService).getPayment({});
  await begun.promise;
  const drained = server.drain(10_000);
  expect(server.health.get("")).toBe("NOT_SERVING");
  finish.resolve({ payment: { traceNumber: 7 } });
  expect(await running).toMatchObject({ payment: { traceNumber: 7 } });
  await drained;
  const late = await channel.client(RelayService).getPayment({}).catch(ConnectError.from);
  expect(late).toMatchObject({ code: Code.Unavailable });
});
