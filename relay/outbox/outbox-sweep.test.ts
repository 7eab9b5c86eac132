import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { createLog } from "../../mesh/log.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { NotificationBed } from "../../test/fixtures/notification-bed.ts";
import { openRelayStore } from "../relay-store.ts";
import { OutboxSweep } from "./outbox-sweep.ts";

const WEBHOOK = "wh_000000000000000000000001";

/** A bed whose payment has a notification and a delivery, of five minutes ago, and their jobs. */
async function waiting() {
  const bed = await NotificationBed.start({ phone: "" });
  const recordNumber = await bed.pay(PaymentState.APPROVED);
  const { bed: below } = bed;
  const store = openRelayStore(below.databaseUrl, "S1");
  await store.webhooks.add({ id: WEBHOOK, url: "http://x.test/", merchantId: "" }, SECRET, 0);
  await below.query("UPDATE webhook SET after_sequence = 0");
  // Not before transactions of other tests, on the same server, have ended.
  await expect
    .poll(async () => {
      await store.webhooks.takeOver(WEBHOOK);
      return await below.query("SELECT sequence FROM webhook_delivery");
    })
    .not.toEqual([]);
  const ago = "changed_at = changed_at - interval '5 minutes'";
  await below.query(`UPDATE webhook_delivery SET ${ago}`);
  await below.query(`UPDATE notification SET ${ago}`);
  const stack = new AsyncDisposableStack();
  stack.use(bed);
  stack.use(store);
  const jobs = async () =>
    (await below.query("SELECT key FROM graphile_worker.jobs ORDER BY key")).map(({ key }) => key);
  const expected = [`${recordNumber}-APPROVED-EMAIL`, `${WEBHOOK}-${recordNumber}`].sort();
  return {
    store,
    jobs,
    expected,
    query: (text: string) => below.query(text),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const SECRET = new Uint8Array(32);
const FORGET = "DELETE FROM graphile_worker._private_jobs";

test("what waits without a job gets one, once", async () => {
  await using bed = await waiting();
  expect(await bed.jobs()).toEqual(bed.expected);
  await bed.query(FORGET);
  await bed.store.outbox.requeueForgotten();
  expect(await bed.jobs()).toEqual(bed.expected);
  await bed.store.outbox.requeueForgotten();
  expect(await bed.jobs()).toEqual(bed.expected);
});

test.each([
  ["was delivered", "UPDATE webhook_delivery SET delivered_at = now()", 1],
  ["was sent", "UPDATE notification SET state = 'SENT'", 1],
  ["is of a webhook that ended", "UPDATE webhook SET ended_at = now()", 1],
  ["waits for a moment only", "UPDATE webhook_delivery SET changed_at = now()", 1],
  ["waits for a moment only, of people", "UPDATE notification SET changed_at = now()", 1],
] as const)("what %s gets none", async (_, sql, left) => {
  await using bed = await waiting();
  await bed.query(FORGET);
  await bed.query(sql);
  await bed.store.outbox.requeueForgotten();
  expect(await bed.jobs()).toHaveLength(left);
});

test("a job that has given up is left alone", async () => {
  await using bed = await waiting();
  await bed.query("UPDATE graphile_worker._private_jobs SET attempts = max_attempts");
  await bed.store.outbox.requeueForgotten();
  const [row] = await bed.query("SELECT min(attempts) AS least FROM graphile_worker.jobs");
  expect(row?.least).toBe(12);
});

test("a job that a worker holds while it is added again is not lost for ever", async () => {
  await using bed = await waiting();
  // The worker has looked for the last time; then comes another event, and no job can be added.
  await bed.query("UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'w'");
  await bed.store.webhooks.redeliver(WEBHOOK, 0n);
  await bed.query("DELETE FROM graphile_worker._private_jobs WHERE locked_by = 'w'");
  await bed.query(FORGET);
  await bed.store.outbox.requeueForgotten();
  expect(await bed.jobs()).toEqual(bed.expected);
});

test("a walk goes through all that waits, a page in each step", async () => {
  await using bed = await waiting();
  await bed.query(FORGET);
  await bed.query(
    `INSERT INTO webhook_delivery (webhook_id, sequence, record_number, state, changed_at)
     SELECT '${WEBHOOK}', number, 'N' || number, 'APPROVED', now() - interval '1 hour'
     FROM generate_series(1, 2500) AS number`,
  );
  const counts: number[] = [];
  for (let step = 0; step < 4; step += 1) {
    await bed.store.outbox.requeueForgotten();
    counts.push((await bed.jobs()).length);
  }
  expect(counts).toEqual([1_001, 2_001, 2_502, 2_502]);
});

test("an outage of the database is told once, and so is its end", async () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const destination = { write: (line: string) => void told.push(JSON.parse(line).message) };
  const log = createLog({ program: "relay", instance: "test" }, clock, "info", destination);
  let isAway = true;
  const requeueForgotten = async () => {
    if (isAway) throw new Error("away");
  };
  await using _sweep = new OutboxSweep({ requeueForgotten }, clock, log);
  await clock.advance(180_000);
  isAway = false;
  await clock.advance(60_000);
  expect(told).toEqual([
    "what waits without a job cannot be looked for",
    "what waits without a job is looked for again",
  ]);
});
