import { expect, test } from "vitest";
import { Outcome, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { parseMerchantId } from "../../payment/identifiers.ts";
import { tombstoneDigest } from "../../sealing/boxes/signed-result.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

/** Of the record that this relay had before its database was restored. */
const lost = { recordNumber: "A1000000000C" };
const { APPROVED, REVERSED } = PaymentState;
const undone = { outcome: Outcome.REVERSED, responseCode: "68", approvedAmountMinor: 0n };

test("a payment whose record was lost ends as the processor had answered it", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => ({ result: { outcome: Outcome.APPROVED, ...lost } });
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  const { recordNumber } = await terminal.completedAs(paymentId, APPROVED);
  expect(recordNumber).not.toBe(lost.recordNumber);
  await bed.processor.until(() => bed.processor.acknowledgements.length === 1);
});

test("a payment whose record was lost is undone as it was before", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  bed.processor.decideReversal = () => ({ result: { ...undone, revision: 2, ...lost } });
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.putForward(25_000);
  await terminal.completedAs(paymentId, REVERSED);
});

test("bytes that come after a tombstone whose record was lost end with it", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  const merchantId = parseMerchantId(bed.keys.terminal.merchantId);
  const contextDigest = tombstoneDigest({ merchantId, paymentId });
  const tombstone = () => ({ result: { ...undone, contextDigest, ...lost } });
  bed.processor.decide = tombstone;
  bed.processor.decideReversal = tombstone;
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.putForward(25_000);
  await terminal.completedAs(paymentId, REVERSED);
});

test("a tombstone of another merchant ends nothing", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { paymentId } = bed.signer.sign();
  const { merchantId } = bed.keys.terminal;
  const another = { ...undone, contextDigest: new Uint8Array(64).fill(7) };
  bed.processor.decideReversal = () => ({ result: another });
  await relay.calls.cancelPayment({ paymentId, merchantId });
  // The stream to the processor may open after the first one was to be sent.
  while (bed.processor.reversals.length < 2) await bed.putForward(1_000);
  const key = { case: "paymentId", value: paymentId } as const;
  const { payment } = await relay.calls.getPayment({ key });
  expect(payment?.state).toBe(PaymentState.REVERSING);
});
