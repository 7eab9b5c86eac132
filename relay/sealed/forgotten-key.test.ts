import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { APPROVE, REVERSE } from "../../test/fixtures/fake-processor.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

const { APPROVED, REVERSED } = PaymentState;
const DEADLINE_MS = 25_000;

/** A relay that ended with a payment on its way, and one that knows none of its keys. */
async function withoutKeys(bed: TestBed) {
  bed.processor.decide = () => "silence";
  const before = await bed.startRelay();
  await bed.register(before);
  const payment = bed.signer.sign();
  before.openTerminal().submit(payment.signed);
  await bed.processor.until(() => bed.processor.authorizations.length > 0);
  await before[Symbol.asyncDispose]();
  bed.forgetMinuteKeys();
  bed.processor.decide = () => APPROVE;
  return { ...payment, relay: await bed.startRelay() };
}

test("a terminal that comes back brings the bytes, and the payment goes on", async () => {
  await using bed = await TestBed.start();
  const { relay, signed, paymentId } = await withoutKeys(bed);
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  await terminal.completedAs(paymentId, APPROVED);
  const [first, again] = bed.processor.authorizations;
  expect(again?.payment).toEqual(first?.payment);
});

test("without the terminal it is undone at its deadline, by its context", async () => {
  await using bed = await TestBed.start();
  const { relay, paymentId } = await withoutKeys(bed);
  bed.processor.decideReversal = () => REVERSE;
  await bed.putForward(DEADLINE_MS);
  const key = { case: "paymentId", value: paymentId } as const;
  const { merchantId } = bed.keys.terminal;
  const state = async () => (await relay.calls.getPayment({ key, merchantId })).payment?.state;
  await expect.poll(state, { timeout: 20_000 }).toBe(REVERSED);
  const [order] = bed.processor.orders.values();
  expect(order?.context.length).toBeGreaterThan(0);
  expect(bed.processor.authorizations).toHaveLength(1);
});
