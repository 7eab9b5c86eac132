import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Certainty, NextStep, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";
import { unluckyRandom } from "../../test/fixtures/unlucky-random.ts";

const { APPROVED, REVERSED, REVERSING } = PaymentState;

test("a payment that nobody has seen is tombstoned, and reversed should it come", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const { merchantId } = bed.keys.terminal;
  const { completed } = await relay.calls.cancelPayment({ paymentId, merchantId });
  expect(completed).toMatchObject({
    state: REVERSING,
    certainty: Certainty.UNKNOWN,
    nextStep: NextStep.WAIT_FOR_REVERSAL,
  });
  await bed.processor.until(() => bed.processor.reversals.length >= 1);
  expect([...bed.processor.orders.values()]).toMatchObject([
    { merchantId, reason: 4000, recordNumber: completed?.recordNumber, context: new Uint8Array() },
  ]);
  expect(bed.processor.reversals[0]?.digest).toEqual(new Uint8Array(64));

  const terminal = relay.openTerminal();
  terminal.submit(signed);
  const reversed = await terminal.completedAs(paymentId, REVERSED);
  expect(reversed.recordNumber).toBe(completed?.recordNumber);
  expect(bed.processor.authorizations).toEqual([]);
});

test("a tombstone is found by its id, and is in no list or event of its merchant", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { paymentId } = bed.signer.sign();
  const { merchantId } = bed.keys.terminal;
  const { completed } = await relay.calls.cancelPayment({ paymentId, merchantId });
  const key = { case: "paymentId", value: paymentId } as const;
  await expect
    .poll(async () => (await relay.calls.getPayment({ key, merchantId })).payment)
    .toMatchObject({ recordNumber: completed?.recordNumber, state: REVERSED });
  expect((await relay.calls.listPayments({ merchantId })).payments).toEqual([]);
  // Watches and webhooks follow the log of events.
  expect(await bed.query("SELECT count(*)::int FROM record_event")).toEqual([{ count: 0 }]);
});

test("a payment that waits for an answer is reversed, and its terminal hears it", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  const { recordNumber } = await terminal.recordedOf(paymentId);
  const { merchantId } = bed.keys.terminal;
  const { completed } = await relay.calls.cancelPayment({ paymentId, merchantId });
  expect(completed).toMatchObject({ recordNumber, state: REVERSING });
  await terminal.completedAs(paymentId, REVERSED);
  expect([...bed.processor.orders.values()]).toMatchObject([{ reason: 4000, recordNumber }]);
});

test("a payment that is final stays what it is", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  await terminal.completedAs(paymentId, APPROVED);
  const { merchantId } = bed.keys.terminal;
  const { completed } = await relay.calls.cancelPayment({ paymentId, merchantId });
  expect(completed).toMatchObject({ state: APPROVED, certainty: Certainty.FINAL });
  expect(bed.processor.reversals).toEqual([]);
});

test("cancelling twice is cancelling once", async () => {
  await using bed = await TestBed.start();
  bed.processor.decideReversal = () => "silence";
  const relay = await bed.startRelay();
  const { paymentId } = bed.signer.sign();
  const { merchantId } = bed.keys.terminal;
  const answers = await Promise.all(
    [1, 2, 3].map(() => relay.calls.cancelPayment({ paymentId, merchantId })),
  );
  const numbers = answers.map(({ completed }) => completed?.recordNumber);
  expect(new Set(numbers).size).toBe(1);
  expect(await bed.query("SELECT count(*)::int FROM record")).toEqual([{ count: 1 }]);
});

test("a tombstone whose number is taken gets another one", async () => {
  await using bed = await TestBed.start();
  bed.clock.stop();
  const relay = await bed.startRelay({ random: unluckyRandom(2) });
  const { merchantId } = bed.keys.terminal;
  const cancel = async () => {
    const { paymentId } = bed.signer.sign();
    return (await relay.calls.cancelPayment({ paymentId, merchantId })).completed?.recordNumber;
  };
  const told = [await cancel(), await cancel()];
  expect(new Set(told).size).toBe(2);
  const kept = await bed.query("SELECT record_number FROM record ORDER BY record_number");
  expect(kept.map((row) => row.record_number)).toEqual(told.toSorted());
});

test.each([
  {
    name: "without a merchant",
    request: { paymentId: "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a" },
    message: "merchant_id is required, got nothing",
  },
  {
    name: "with a malformed id",
    request: { paymentId: "17", merchantId: "CORNERCOFFEE001" },
    message: 'payment_id must be a UUID such as 01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a, got "17"',
  },
])("refuses a cancellation $name", async ({ request, message }) => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  const error = await relay.calls.cancelPayment(request).catch(ConnectError.from);
  const known = error instanceof ConnectError ? paymentErrorFrom(error) : undefined;
  expect(known).toMatchObject({ code: "MALFORMED_REQUEST", message });
});
