import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { eventually, NotificationBed } from "../../test/fixtures/notification-bed.ts";
import { nextChanges } from "../../test/fixtures/relay-bed.ts";

const { APPROVED } = PaymentState;
const OLD = "now() - interval '91 days'";

/** A bed with payments that were told; the first `old` of them more than 90 days ago. */
async function bedWith({ old, all }: { readonly old: number; readonly all: number }) {
  const bed = await NotificationBed.start({ email: "" });
  await using _sending = bed.startSending();
  const numbers: string[] = [];
  for (let count = 0; count < all; count += 1) numbers.push(await bed.pay(APPROVED));
  await bed.statesAre(Array(all).fill("DELIVERED"));
  await bed.allConfirmed();
  const values = [numbers.slice(0, old)];
  for (const table of ["notification", "record_event"]) {
    const change = `UPDATE ${table} SET changed_at = ${OLD} WHERE record_number = ANY ($1)`;
    await bed.bed.query(change, values);
  }
  return { bed, numbers };
}

async function count(bed: NotificationBed, table: string): Promise<number> {
  const [row] = await bed.bed.query(`SELECT count(*)::int AS count FROM ${table}`);
  return row?.count;
}

test("what is old is removed when a relay starts; records and what is new stay", async () => {
  const { bed, numbers } = await bedWith({ old: 2, all: 3 });
  await using _bed = bed;
  expect(await count(bed, "record_event")).toBe(6);
  bed.startSending();
  await eventually(async () => {
    const left = await count(bed, "record_event");
    return left === 2 ? undefined : left;
  });
  const { notifications } = await bed.relay.notifications.listNotifications({});
  expect(notifications.map(({ recordNumber }) => recordNumber)).toEqual(numbers.slice(2));
  expect(await count(bed, "sms_part")).toBe(1);
  expect(await count(bed, "record")).toBe(3);
});

test("what is still to be sent stays, however old", async () => {
  const { bed } = await bedWith({ old: 1, all: 1 });
  await using _bed = bed;
  await bed.bed.query("UPDATE notification SET state = 'QUEUED'");
  expect(await bed.removeOld()).toBe(false);
  expect(await count(bed, "notification")).toBe(1);
});

test("a watch resumes from what is kept, and is told when it comes too late", async () => {
  const { bed } = await bedWith({ old: 2, all: 4 });
  await using _bed = bed;
  const { calls } = bed.relay;
  const before = await nextChanges(calls.watchPayments({}), 8);
  await bed.removeOld();
  const after = await nextChanges(calls.watchPayments({}), 4);
  const sequences = before.map(({ sequence }) => sequence);
  expect(after.map(({ sequence }) => sequence)).toEqual(sequences.slice(4));
  const rest = await nextChanges(calls.watchPayments({ afterSequence: sequences[4] ?? 0n }), 3);
  expect(rest.map(({ sequence }) => sequence)).toEqual(sequences.slice(5));
  const tooLate = nextChanges(calls.watchPayments({ afterSequence: sequences[1] ?? 0n }), 1);
  await expect(tooLate).rejects.toThrow(/after_sequence is older than the log is kept/);
});

test("the newest event stays, so that a watcher of a quiet shop can go on", async () => {
  const { bed } = await bedWith({ old: 2, all: 2 });
  await using _bed = bed;
  const { calls } = bed.relay;
  const [last] = (await nextChanges(calls.watchPayments({}), 4)).slice(-1);
  await bed.removeOld();
  expect(await count(bed, "record_event")).toBe(1);
  const watching = calls.watchPayments({ afterSequence: last?.sequence ?? 0n });
  const iterator = watching[Symbol.asyncIterator]();
  await iterator.next();
  const number = await bed.pay(APPROVED);
  const heard = await nextChanges({ [Symbol.asyncIterator]: () => iterator }, 2);
  expect(heard.map(({ payment }) => payment?.recordNumber)).toEqual([number, number]);
});

test("webhooks: what one has not taken over stays, and what waits for it too", async () => {
  const { bed } = await bedWith({ old: 3, all: 4 });
  await using _bed = bed;
  const { webhook } = await bed.relay.webhooks.addWebhook({ url: "http://127.0.0.1:2/hook" });
  const ofId = [webhook?.id];
  const sequences = await bed.bed.query("SELECT sequence FROM record_event ORDER BY sequence");
  const second = sequences[1]?.sequence;
  await bed.bed.query("UPDATE webhook SET after_sequence = $1", [second]);
  await bed.bed.query(
    `INSERT INTO webhook_delivery (webhook_id, sequence, record_number, state, changed_at,
       delivered_at)
     SELECT $1, sequence, record_number, state, changed_at,
       CASE WHEN state = 'APPROVED' THEN changed_at END
     FROM record_event WHERE changed_at < now() - interval '90 days'`,
    ofId,
  );
  await bed.removeOld();
  expect(await count(bed, "record_event")).toBe(6);
  await bed.bed.query("UPDATE webhook SET after_sequence = 9223372036854775807");
  await bed.removeOld();
  expect(await count(bed, "record_event")).toBe(2);
  const left = await bed.bed.query("SELECT state, delivered_at FROM webhook_delivery");
  expect(left).toEqual(Array(3).fill({ state: "FORWARDED", delivered_at: null }));
});

test("what no processor confirmed stays, also what a gone instance left behind", async () => {
  const { bed } = await bedWith({ old: 3, all: 4 });
  await using _bed = bed;
  const sequences = await bed.bed.query("SELECT sequence FROM record_event ORDER BY sequence");
  const set = "UPDATE acknowledgement_mark SET position = $1";
  await bed.bed.query(set, ["9223372036854775807"]);
  await bed.bed.query(
    `INSERT INTO acknowledgement_mark (instance, position, at)
     VALUES ('A9', $1, to_timestamp(0))`,
    [sequences[1]?.sequence],
  );
  await bed.removeOld();
  expect(await count(bed, "record_event")).toBe(6);
  await bed.bed.query("DELETE FROM acknowledgement_mark WHERE instance = 'A9'");
  await bed.removeOld();
  expect(await count(bed, "record_event")).toBe(2);
});

test("jobs that were given up long ago go; those that are still tried stay", async () => {
  const { bed } = await bedWith({ old: 0, all: 0 });
  await using _bed = bed;
  for (const [attempts, age] of [
    [12, "91 days"],
    [12, "89 days"],
    [3, "91 days"],
  ]) {
    const add =
      "SELECT graphile_worker.add_job('deliver_webhook', '{}', max_attempts := 12) AS job";
    await bed.bed.query(`WITH added AS (${add}) SELECT (job).id FROM added`);
    const change =
      "UPDATE graphile_worker._private_jobs SET attempts = $1, updated_at = now() - $2";
    await bed.bed.query(`${change}::interval WHERE attempts = 0`, [attempts, age]);
  }
  await bed.removeOld();
  const left = await bed.bed.query("SELECT attempts FROM graphile_worker.jobs ORDER BY id");
  expect(left.map(({ attempts }) => attempts)).toEqual([12, 3]);
});
