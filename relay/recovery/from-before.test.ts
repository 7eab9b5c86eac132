import { test as anyTest } from "vitest";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { APPROVE, DECLINE, type Decision, REVERSE } from "../../test/fixtures/fake-processor.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

/** Each has a bed of its own, and mostly waits: for the next sweep. */
const test = anyTest.concurrent;
const PATIENCE = { timeout: 20_000 };
const DEADLINE_MS = 25_000;
const MINUTE_MS = 60_000;
/** Longer than any key is kept under which sealed data stands in the database. */
const HOUR_MS = 60 * MINUTE_MS;
const { APPROVED, DECLINED, REVERSED, REVERSING } = PaymentState;

/** What the processor had answered, as an answer to the order. */
const KEPT: Decision = { result: { ...APPROVE.result, approvedAmountMinor: 1_250n } };

/** As a relay writes it that finds another history behind its database. */
const RESTORE = `
  INSERT INTO log_epoch (epoch, system_identifier, timeline, ended_before, raised_at)
  SELECT epoch + 1, system_identifier, timeline, 0, now() FROM log_epoch`;

/**
 * A payment that was sent and not answered, and its relay away for `awayMs` after its deadline.
 *
 * @param answer the processor's, to the order to undo it.
 */
async function comeBack(bed: TestBed, answer: Decision, awayMs: number, meanwhile = RESTORE) {
  bed.processor.decide = () => "silence";
  const before = await bed.startRelay();
  await bed.register(before);
  const { signed, paymentId } = bed.signer.sign();
  const terminal = before.openTerminal();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.processor.until(() => bed.processor.authorizations.length > 0);
  await before[Symbol.asyncDispose]();
  await bed.putForward(DEADLINE_MS + awayMs);
  await bed.query(meanwhile);
  bed.processor.decideReversal = () => answer;
  const relay = await bed.startRelay();
  const { merchantId } = bed.keys.terminal;
  const key = { case: "paymentId", value: paymentId } as const;
  const payment = async () => (await relay.calls.getPayment({ key, merchantId })).payment;
  return { relay, signed, paymentId, payment };
}

test.for([
  { what: "approved", answer: KEPT, state: APPROVED, awayMs: 2 * MINUTE_MS },
  { what: "approved long ago", answer: KEPT, state: APPROVED, awayMs: HOUR_MS },
  { what: "declined", answer: DECLINE, state: DECLINED, awayMs: HOUR_MS },
  { what: "never seen, or undone before", answer: REVERSE, state: REVERSED, awayMs: HOUR_MS },
])(
  "a payment from before a restore is undone unless it was approved: $what",
  async (given, { expect }) => {
    await using bed = await TestBed.start();
    const { payment } = await comeBack(bed, given.answer, given.awayMs);
    const final = { state: given.state, certainty: Certainty.FINAL };
    await expect.poll(payment, PATIENCE).toMatchObject(final);
    const orders = [...bed.processor.orders.values()];
    expect(orders).toMatchObject([{ unlessApproved: true, reason: 4021 }]);
    expect(orders[0]?.context.length).toBeGreaterThan(0);
    expect(bed.processor.authorizations).toHaveLength(1);
  },
);

test("without an answer it stays unknown, and the order is repeated", async ({ expect }) => {
  await using bed = await TestBed.start();
  const { payment } = await comeBack(bed, "silence", 2 * MINUTE_MS);
  await expect.poll(() => bed.processor.reversals.length, PATIENCE).toBeGreaterThan(1);
  expect(await payment()).toMatchObject({ state: REVERSING, certainty: Certainty.UNKNOWN });
  expect(bed.processor.orders.size).toBe(1);
  bed.processor.decideReversal = () => KEPT;
  await expect.poll(payment, PATIENCE).toMatchObject({ state: APPROVED });
});

test("without a restore a payment is undone, however long it is over", async ({ expect }) => {
  await using bed = await TestBed.start();
  const { payment } = await comeBack(bed, REVERSE, HOUR_MS, "SELECT");
  await expect.poll(payment, PATIENCE).toMatchObject({ state: REVERSED });
  expect([...bed.processor.orders.values()]).toMatchObject([{ unlessApproved: false }]);
});

test("a terminal that comes back with the bytes hears how it ended", async ({ expect }) => {
  await using bed = await TestBed.start();
  const { relay, signed, paymentId } = await comeBack(bed, KEPT, 2 * MINUTE_MS);
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  expect(await terminal.completedAs(paymentId, APPROVED)).toMatchObject({
    certainty: Certainty.FINAL,
  });
});
