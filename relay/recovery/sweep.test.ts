import { test as anyTest, expect } from "vitest";
import { Certainty, NextStep, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { sha512 } from "../../sealing/curves/hash.ts";
import { APPROVE, DECLINE, REVERSE } from "../../test/fixtures/fake-processor.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

/** Each has a bed of its own, and mostly waits: for the next sweep, or to try again. */
const test = anyTest.concurrent;

/** Long enough for every step before it, short enough to wait for. */
const DEADLINE_MS = 25_000;
const { APPROVED, DECLINED, REVERSED, REVERSING } = PaymentState;

test("without an answer the payment is unknown to the terminal, then reversed", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId, contextBytes } = bed.signer.sign();
  terminal.submit(signed);
  const { recordNumber } = await terminal.recordedOf(paymentId);
  await bed.putForward(DEADLINE_MS);

  const unknown = await terminal.completedAs(paymentId, REVERSING);
  expect(unknown).toMatchObject({
    certainty: Certainty.UNKNOWN,
    nextStep: NextStep.WAIT_FOR_REVERSAL,
  });
  expect(unknown.result).toBeUndefined();
  const reversed = await terminal.completedAs(paymentId, REVERSED);
  expect(reversed).toMatchObject({ certainty: Certainty.FINAL, nextStep: NextStep.NONE });
  expect([...bed.processor.orders.values()]).toMatchObject([
    { recordNumber, relayId: "A1", reason: 4021, merchantId: bed.keys.terminal.merchantId },
  ]);
  const [order] = bed.processor.reversals;
  expect(order?.digest).toEqual(sha512(signed.readerPayment));
  expect(order?.context).toEqual(contextBytes);
  expect(bed.processor.reversalTypes[0]).toBe(400);
});

test("while it is being reversed the sealed data is gone already", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  bed.processor.decideReversal = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.putForward(DEADLINE_MS);
  await terminal.completedAs(paymentId, REVERSING);
  expect(await bed.query("SELECT state, reader_payment, reader_signature FROM record")).toEqual([
    { state: "REVERSING", reader_payment: null, reader_signature: null },
  ]);
});

test("a late approval does not beat the reversal", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  bed.processor.decideReversal = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.putForward(DEADLINE_MS);
  await terminal.completedAs(paymentId, REVERSING);

  bed.processor.answerLast(APPROVE);
  bed.processor.decideReversal = () => REVERSE;
  await bed.putForward(60_000);
  await terminal.completedAs(paymentId, REVERSED);
  expect(terminal.completed.map(({ state }) => state)).toEqual([REVERSING, REVERSED]);
  await bed.processor.until(() => bed.processor.acknowledgements.length > 0);
  expect(bed.processor.acknowledgements).toMatchObject([{ revision: 2 }]);
});

test("a reversal is repeated with the same bytes until it is answered", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  bed.processor.decideReversal = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.putForward(DEADLINE_MS);
  await bed.processor.until(() => bed.processor.reversals.length >= 1);
  await bed.putForward(10_000);
  await bed.processor.until(() => bed.processor.reversals.length >= 2);
  bed.processor.decideReversal = () => ({ fault: "STORE_NOT_REACHED" });
  await bed.putForward(20_000);
  await bed.processor.until(() => bed.processor.reversals.length >= 3);
  bed.processor.decideReversal = () => REVERSE;
  await bed.putForward(60_000);
  await terminal.completedAs(paymentId, REVERSED);
  const [first, ...repeats] = bed.processor.reversals;
  for (const repeat of repeats) expect(repeat).toEqual(first);
  expect(bed.processor.reversalTypes.slice(0, 3)).toEqual([400, 401, 401]);
});

test("a payment that the processor had declined ends as declined", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  bed.processor.decideReversal = () => DECLINE;
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.putForward(DEADLINE_MS);
  await terminal.completedAs(paymentId, DECLINED);
});

test("a relay that starts again finishes what it had forwarded", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  const { recordNumber } = await terminal.recordedOf(paymentId);
  await bed.processor.until(() => bed.processor.authorizations.length >= 1);
  await relay[Symbol.asyncDispose]();

  bed.processor.decide = () => APPROVE;
  const again = await bed.startRelay();
  const resumed = again.openTerminal();
  resumed.submit(signed);
  const completed = await resumed.completedAs(paymentId, APPROVED);
  expect(completed.recordNumber).toBe(recordNumber);
  expect(bed.processor.authorizations.slice(0, 2)).toMatchObject([
    { messageType: 200, recordNumber },
    { messageType: 201, recordNumber, payment: { readerPayment: signed.readerPayment } },
  ]);
});

test("what another instance left is sent again when the terminal asks", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay({ instance: "A1" });
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.processor.until(() => bed.processor.authorizations.length >= 1);
  await relay[Symbol.asyncDispose]();

  bed.processor.decide = () => APPROVE;
  const other = await bed.startRelay({ instance: "A2" });
  const resumed = other.openTerminal();
  resumed.submit(signed);
  await resumed.completedAs(paymentId, APPROVED);
  expect(bed.processor.authorizations[1]).toMatchObject({ messageType: 201 });
});

test("a relay that starts again after the deadline reverses", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await relay[Symbol.asyncDispose]();

  await bed.putForward(DEADLINE_MS);
  const again = await bed.startRelay();
  const resumed = again.openTerminal();
  resumed.submit(signed);
  await resumed.completedAs(paymentId, REVERSED);
});

test("a reversal that was under way goes on after a restart, with the same bytes", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  bed.processor.decideReversal = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.putForward(DEADLINE_MS);
  await bed.processor.until(() => bed.processor.reversals.length >= 1);
  await relay[Symbol.asyncDispose]();

  bed.processor.decideReversal = () => REVERSE;
  const again = await bed.startRelay();
  const resumed = again.openTerminal();
  resumed.submit(signed);
  await resumed.completedAs(paymentId, REVERSED);
  expect(bed.processor.reversals[1]).toEqual(bed.processor.reversals[0]);
});

test("another instance takes over what is long overdue, and nothing before", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay({ instance: "A1" });
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await relay[Symbol.asyncDispose]();

  const other = await bed.startRelay({ instance: "A2" });
  await bed.putForward(DEADLINE_MS);
  await other.calls.listPayments({});
  expect(await bed.query("SELECT lease_owner, state FROM record")).toEqual([
    { lease_owner: "A1", state: "FORWARDED" },
  ]);
  await bed.putForward(15_000);
  const watcher = other.openTerminal();
  watcher.submit(signed);
  await watcher.completedAs(paymentId, REVERSED);
  expect(await bed.query("SELECT lease_owner FROM record")).toEqual([{ lease_owner: "A2" }]);
});

test("two instances that look for the same overdue records share them", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay({ instance: "A1" });
  await bed.register(relay);
  const payments = Array.from({ length: 20 }, () => bed.signer.sign({ pin: null }));
  const terminal = relay.openTerminal();
  for (const { signed } of payments) terminal.submit(signed);
  await terminal.until(() => terminal.recorded.length === payments.length);
  await relay[Symbol.asyncDispose]();

  await bed.putForward(DEADLINE_MS + 15_000);
  const second = await bed.startRelay({ instance: "A2" });
  await bed.startRelay({ instance: "A3" });
  const watcher = second.openTerminal();
  for (const { signed } of payments) watcher.submit(signed);
  for (const { paymentId } of payments) await watcher.completedAs(paymentId, REVERSED);
  const numbers = bed.processor.reversals.map(({ recordNumber }) => recordNumber);
  expect(new Set(numbers).size).toBe(payments.length);
});

test("a terminal hears from its instance what another one finished", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const first = await bed.startRelay({ instance: "A1" });
  await bed.register(first);
  const second = await bed.startRelay({ instance: "A2" });
  const { signed, paymentId } = bed.signer.sign();
  const terminal = first.openTerminal();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  const { merchantId } = bed.keys.terminal;
  await second.calls.cancelPayment({ paymentId, merchantId });
  await terminal.completedAs(paymentId, REVERSED);
});
