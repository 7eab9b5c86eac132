import { expect, test } from "vitest";
import { createLog } from "../../mesh/log.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { PaymentError } from "../../payment/errors.ts";
import { EventPump } from "./event-pump.ts";

test("an outage of the database is told once, and so is its end", async () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const destination = { write: (line: string) => void told.push(JSON.parse(line).message) };
  const log = createLog({ program: "relay", instance: "relay-A1" }, clock, "info", destination);
  let isAway = true;
  const running = async () => {
    if (isAway) throw new PaymentError("STORE_NOT_REACHED", "away");
    return [];
  };
  const end = async () => ({ settled: 7n, last: 5n, unused: 7n });
  await using _pump = new EventPump({ running, takeOver: async () => false }, { end }, clock, log);
  await clock.advance(60_000);
  expect(told).toEqual(["events cannot be taken over for webhooks"]);
  isAway = false;
  await clock.advance(60_000);
  expect(told).toEqual([
    "events cannot be taken over for webhooks",
    "events are taken over for webhooks again",
  ]);
});

test("a transaction that holds back the log is told once, and so is its end", async () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const destination = { write: (line: string) => void told.push(JSON.parse(line).message) };
  const log = createLog({ program: "relay", instance: "relay-A1" }, clock, "info", destination);
  const store = { running: async () => [], takeOver: async () => false };
  let unused = 9n;
  const end = async () => ({ settled: 7n, last: 5n, unused });
  await using _pump = new EventPump(store, { end }, clock, log);
  await clock.advance(9_000);
  expect(told).toEqual([]);
  await clock.advance(60_000);
  const held = "a transaction in the database's cluster holds back all changes";
  expect(told).toEqual([held]);
  unused = 7n;
  await clock.advance(1_000);
  expect(told).toEqual([held, "no transaction holds back changes any more"]);
});
