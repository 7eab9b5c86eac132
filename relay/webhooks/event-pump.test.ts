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
  const list = async () => {
    if (isAway) throw new PaymentError("STORE_NOT_REACHED", "away");
    return [];
  };
  await using _pump = new EventPump({ list, takeOver: async () => false }, clock, log);
  await clock.advance(60_000);
  expect(told).toEqual(["events cannot be taken over for webhooks"]);
  isAway = false;
  await clock.advance(60_000);
  expect(told).toEqual([
    "events cannot be taken over for webhooks",
    "events are taken over for webhooks again",
  ]);
});
