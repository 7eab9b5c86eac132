import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Health as HealthService } from "../../gen/health/v1/health_pb.ts";
import { dial } from "../client/dial.ts";
import { systemClock } from "../clock.ts";
import { echoServer } from "../testing/echo-server.ts";
import { createHealth } from "./health.ts";

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
const RELAY = "cardlane.relay.v1.RelayService";

test("the server as a whole serves only while every service does", () => {
  const health = createHealth(["a", "b"]);
  expect(health.get("")).toBe("NOT_SERVING");
  health.setAll("SERVING");
  expect(health.get("")).toBe("SERVING");
  health.set("a", "NOT_SERVING");
  expect([health.get("a"), health.get("b"), health.get("")]).toEqual([
    "NOT_SERVING",
    "SERVING",
    "NOT_SERVING",
  ]);
});

test("a service that is not there cannot be set", () => {
  expect(() => createHealth(["a"]).set("b", "SERVING")).toThrow("bug: b is not served here");
});

test("Check, and NOT_FOUND for a service that is not there", async () => {
  await using server = await echoServer();
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const client = channel.client(HealthService);
  server.health.set(RELAY, "NOT_SERVING");
  expect(await client.check({ service: RELAY })).toMatchObject({ status: NOT_SERVING });
  const error = await client.check({ service: "nothing" }).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.NotFound });
});

test("List gives all of them", async () => {
  await using server = await echoServer();
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  server.health.set(RELAY, "NOT_SERVING");
  expect((await channel.client(HealthService).list({})).statuses).toMatchObject({
    "": { status: NOT_SERVING },
    [RELAY]: { status: NOT_SERVING },
    "cardlane.processor.v1.ProcessorService": { status: SERVING },
  });
});

test("Watch tells each change, and ends when the server stops", async () => {
  await using server = await echoServer();
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const steps = [
    () => server.health.set(RELAY, "NOT_SERVING"),
    () => server.health.set(RELAY, "SERVING"),
    () => server.health.close(),
  ];
  const seen: number[] = [];
  const watching = (async () => {
    for await (const { status } of channel.client(HealthService).watch({ service: RELAY })) {
      seen.push(status);
      steps.shift()?.();
    }
  })();
  await expect(watching).rejects.toMatchObject({ code: Code.Unavailable });
  expect(seen).toEqual([SERVING, NOT_SERVING, SERVING]);
});

test("Watch of a service that is not there waits", async () => {
  await using server = await echoServer();
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const watch = channel.client(HealthService).watch({ service: "nothing" });
  const first = await watch[Symbol.asyncIterator]().next();
  expect(first.value).toMatchObject({ status: SERVICE_UNKNOWN });
});
