import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { NotificationBed } from "../../test/fixtures/notification-bed.ts";

const EVENTS = 20_000;
/** Of the present epoch, before all transactions of the test. */
const FIRST = (1n << 53n) + 1n;

test("a watch whose events are removed while it is open hears that, and no gap", async () => {
  await using bed = await NotificationBed.start({ email: "" });
  const recordNumber = await bed.pay(PaymentState.APPROVED);
  // A log of three months ago, below what the payment has just written.
  await bed.bed.query(
    `INSERT INTO record_event (sequence, record_number, merchant_id, state, changed_at)
     SELECT number, $1, (SELECT merchant_id FROM record WHERE record_number = $1), 'FORWARDED',
       now() - interval '91 days'
     FROM generate_series(${FIRST}::bigint, ${FIRST + BigInt(EVENTS) - 1n}::bigint) AS number`,
    [recordNumber],
  );
  const heard: bigint[] = [];
  const watching = (async () => {
    for await (const { sequence } of bed.relay.calls.watchPayments({ afterSequence: FIRST })) {
      if (sequence === 0n) continue;
      if (heard.length === 0) while (await bed.removeOld());
      heard.push(sequence);
      if (sequence >= FIRST + BigInt(EVENTS)) return undefined;
    }
  })().catch((error: unknown) => error);
  const error = await watching;
  expect(heard).toEqual(heard.map((_, index) => FIRST + BigInt(index + 1)));
  expect(error).toMatchObject({ message: expect.stringContaining("older than the log is kept") });
});
