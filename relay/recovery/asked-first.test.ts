import { test as anyTest } from "vitest";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { APPROVE, DECLINE, type Decision, REVERSE } from "../../test/fixtures/fake-processor.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

/** Each has a bed of its own, and mostly waits: for the next sweep. */
const test = anyTest.concurrent;
const PATIENCE = { timeout: 20_000 };
const DEADLINE_MS = 25_000;
const MINUTE_MS = 60_000;
const { APPROVED, DECLINED, REVERSED } = PaymentState;

/** As a relay writes it that finds another history behind its database. */
const RESTORE = `
  INSERT INTO log_epoch (epoch, system_identifier, timeline, ended_before, raised_at)
  SELECT epoch + 1, system_identifier, timeline, 0, now() FROM log_epoch`;

/** A payment that was sent and not answered, and its relay away for `awayMs` after its deadline. */
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
  bed.processor.decide = () => answer;
  const relay = await bed.startRelay();
  const { merchantId } = bed.keys.terminal;
  const key = { case: "paymentId", value: paymentId } as const;
  const payment = async () => (await relay.calls.getPayment({ key, merchantId })).payment;
  return { relay, signed, paymentId, payment };
}

test.for([
  { what: "approved", answer: APPROVE, state: APPROVED },
  { what: "declined", answer: DECLINE, state: DECLINED },
])(
  "of a payment from before a restore the processor is asked first: $what",
  async (given, { expect }) => {
    await using bed = await TestBed.start();
    const { payment } = await comeBack(bed, given.answer, 2 * MINUTE_MS);
    const final = { state: given.state, certainty: Certainty.FINAL };
    await expect.poll(payment, PATIENCE).toMatchObject(final);
    const [first, question] = bed.processor.authorizations;
    expect(question?.payment).toEqual(first?.payment);
    expect(question).toMatchObject({ timeLeftMs: 0, messageType: 201 });
    expect(bed.processor.reversals).toEqual([]);
  },
);

test("one that it never decided is undone", async ({ expect }) => {
  await using bed = await TestBed.start();
  const { payment } = await comeBack(bed, { fault: "DEADLINE_EXCEEDED" }, 2 * MINUTE_MS);
  await expect.poll(payment, PATIENCE).toMatchObject({ state: REVERSED });
  expect(bed.processor.authorizations).toHaveLength(2);
  expect([...bed.processor.orders.values()]).toHaveLength(1);
});

test("one that an order undid, which the restored relay has forgotten, ends undone", async ({
  expect,
}) => {
  await using bed = await TestBed.start();
  const { payment } = await comeBack(bed, REVERSE, 2 * MINUTE_MS);
  await expect.poll(payment, PATIENCE).toMatchObject({
    state: REVERSED,
    certainty: Certainty.FINAL,
  });
});

test("without an answer nothing is undone: it is asked again", async ({ expect }) => {
  await using bed = await TestBed.start();
  const { payment } = await comeBack(bed, "silence", 2 * MINUTE_MS);
  const asked = () => bed.processor.authorizations.length;
  await expect.poll(asked, PATIENCE).toBe(2);
  await bed.putForward(2 * MINUTE_MS);
  await expect.poll(asked, PATIENCE).toBeGreaterThan(2);
  expect(bed.processor.reversals).toEqual([]);
  bed.processor.decide = () => APPROVE;
  await bed.putForward(2 * MINUTE_MS);
  await expect.poll(payment, PATIENCE).toMatchObject({ state: APPROVED });
});

test("without a restore a payment is undone, however long it is over", async ({ expect }) => {
  await using bed = await TestBed.start();
  const { payment } = await comeBack(bed, APPROVE, 60 * MINUTE_MS, "SELECT");
  await expect.poll(payment, PATIENCE).toMatchObject({ state: REVERSED });
  expect(bed.processor.authorizations).toHaveLength(1);
});

test("a terminal that comes back with the bytes hears the answer to the question", async ({
  expect,
}) => {
  await using bed = await TestBed.start();
  const { relay, signed, paymentId } = await comeBack(bed, "silence", 2 * MINUTE_MS);
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  await bed.processor.until(() => bed.processor.authorizations.length > 1);
  bed.processor.answerLast(APPROVE);
  expect(await terminal.completedAs(paymentId, APPROVED)).toMatchObject({
    certainty: Certainty.FINAL,
  });
});
