import { expect, test } from "vitest";
import { Outcome, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { TAKEN_BEFORE } from "../../payment/states.ts";
import { NotificationBed } from "../../test/fixtures/notification-bed.ts";

const { APPROVED } = PaymentState;
const KEPT = { keepDays: 40, keepRecordsDays: 40, keepTombstonesDays: 3 };

/** A payment whose record, events and messages are of so many days ago. */
async function payDaysAgo(bed: NotificationBed, days: number): Promise<string> {
  const recordNumber = await bed.pay(APPROVED);
  const ago = `- interval '${days} days'`;
  await bed.bed.query(
    `UPDATE record SET recorded_at = recorded_at ${ago}, completed_at = completed_at ${ago},
       deadline_at = deadline_at ${ago} WHERE record_number = $1`,
    [recordNumber],
  );
  await bed.bed.query(
    `UPDATE record_event SET changed_at = changed_at ${ago} WHERE record_number = $1`,
    [recordNumber],
  );
  return recordNumber;
}

const numbers = async (bed: NotificationBed) =>
  (await bed.bed.query("SELECT record_number FROM record ORDER BY recorded_at")).map(
    ({ record_number }) => record_number,
  );

async function removeAll(bed: NotificationBed, kept = KEPT): Promise<void> {
  await bed.allConfirmed();
  while (await bed.removeOld(kept));
  // Events go first; what is left of a record goes in the next hour.
  while (await bed.removeOld(kept));
}

test("records go that are final for longer than they are kept, and no others", async () => {
  await using bed = await NotificationBed.start({ email: "", phone: "" });
  await payDaysAgo(bed, 50);
  const young = await payDaysAgo(bed, 30);
  const today = await bed.pay(APPROVED);
  await removeAll(bed);
  expect(await numbers(bed)).toEqual([young, today]);
});

test("without the setting no record goes", async () => {
  await using bed = await NotificationBed.start({ email: "", phone: "" });
  const old = await payDaysAgo(bed, 4_000);
  const today = await bed.pay(APPROVED);
  while (await bed.removeOld({ keepDays: 40 }));
  expect(await numbers(bed)).toEqual([old, today]);
});

test.each([
  ["is due", "UPDATE record SET due_at = now()"],
  ["has no end", "UPDATE record SET completed_at = NULL"],
  [
    "has a message",
    `INSERT INTO notification (id, record_number, merchant_id, payment_state, changed_at, purpose,
       channel, address, language, time_zone)
     SELECT 'N', record_number, merchant_id, 'APPROVED', now(), 'RESULT', 'SMS', '+1', 'en', 'UTC'
     FROM record WHERE recorded_at < now() - interval '1 day'`,
  ],
  [
    "waits for a webhook",
    `WITH hook AS (
       INSERT INTO webhook (id, merchant_id, url, secret, after_sequence, added_at)
       VALUES ('wh_1', '', 'http://x.test/', '', 9223372036854775807, now()) RETURNING id)
     INSERT INTO webhook_delivery (webhook_id, sequence, record_number, state, changed_at)
     SELECT id, 1, record_number, 'APPROVED', now() FROM record, hook
     WHERE recorded_at < now() - interval '1 day'`,
  ],
  ...TAKEN_BEFORE.map((code) => [
    `may be approved under the same id, as ${code} says`,
    `UPDATE record SET state = 'DECLINED', fault_code = '${code}', result = NULL`,
  ]),
])("an old record stays that %s", async (_, sql) => {
  await using bed = await NotificationBed.start({ email: "", phone: "" });
  const old = await payDaysAgo(bed, 50);
  await bed.pay(APPROVED);
  await bed.bed.query(sql);
  await removeAll(bed);
  expect(await numbers(bed)).toContain(old);
});

test("a payment goes that was refused for good, as others do", async () => {
  await using bed = await NotificationBed.start({ email: "", phone: "" });
  await payDaysAgo(bed, 50);
  const today = await bed.pay(APPROVED);
  await bed.bed.query(
    "UPDATE record SET state = 'DECLINED', fault_code = 'SUBMITTED_TOO_LATE', result = NULL",
  );
  await removeAll(bed);
  expect(await numbers(bed)).toEqual([today]);
});

test("a cancelled id that never came goes after days of its own", async () => {
  await using bed = await NotificationBed.start({ email: "", phone: "" });
  const paymentId = "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a";
  const { merchantId } = bed.bed.keys.terminal;
  await bed.relay.calls.cancelPayment({ paymentId, merchantId });
  await expect
    .poll(() => bed.bed.query("SELECT state FROM record"))
    .toEqual([{ state: "REVERSED" }]);
  await removeAll(bed);
  expect(await numbers(bed)).toHaveLength(1);
  const ago = "- interval '4 days'";
  await bed.bed.query(
    `UPDATE record SET recorded_at = recorded_at ${ago}, completed_at = completed_at ${ago}`,
  );
  await removeAll(bed);
  expect(await numbers(bed)).toEqual([]);
});

test.each([
  [29, false],
  [1, true],
])("the function itself keeps records longer than %s days", async (days, areTombstones) => {
  await using bed = await NotificationBed.start({ email: "", phone: "" });
  const removing = bed.bed.query("SELECT remove_old_records($1, $2, 1)", [days, areTombstones]);
  await expect(removing).rejects.toThrow(`records are kept longer than ${days} days`);
});

test("a payment that comes back after its record is gone hears what it heard then", async () => {
  await using bed = await NotificationBed.start({ email: "", phone: "" });
  const terminal = bed.relay.openTerminal();
  const { signed, paymentId } = bed.bed.signer.sign();
  terminal.submit(signed);
  const first = await terminal.completedAs(paymentId, APPROVED);
  await bed.bed.query("DELETE FROM record_event");
  await bed.bed.query("DELETE FROM record");
  // The processor answers what it answered, with the number of the record that is gone.
  bed.bed.processor.decide = () => ({
    result: { outcome: Outcome.APPROVED, responseCode: "00", recordNumber: first.recordNumber },
  });
  const again = bed.relay.openTerminal();
  again.submit(signed);
  const second = await again.completedAs(paymentId, APPROVED);
  expect(second.certainty).toBe(first.certainty);
  const [before, after] = bed.bed.processor.authorizations;
  expect(after?.payment).toEqual(before?.payment);
});
