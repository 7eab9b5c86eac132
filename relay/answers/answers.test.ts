import { test as anyTest, expect } from "vitest";
import {
  Certainty,
  NextStep,
  Outcome,
  PaymentState,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentErrorCode } from "../../payment/errors.ts";
import { APPROVE, type Decision, REVERSE } from "../../test/fixtures/fake-processor.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

/** Each has a bed of its own, and mostly waits: for the next sweep, or to try again. */
const test = anyTest.concurrent;

const { APPROVED, AUTHORIZED, DECLINED, REVERSED, REVERSING } = PaymentState;
const UNDONE = { outcome: Outcome.REVERSED, responseCode: "68", approvedAmountMinor: 0n };

test.each<{ name: string; result: Extract<Decision, { result: unknown }>["result"] }>([
  { name: "of another payment", result: { paymentId: new Uint8Array(16) } },
  { name: "of another relay's record", result: { recordNumber: "B10000000000" } },
  { name: "of another context", result: { contextDigest: new Uint8Array(64) } },
  { name: "of another merchant", result: { merchantId: "ANOTHERSHOP0001" } },
  { name: "of another reader", result: { readerSerial: "RD-9999" } },
  { name: "in another currency", result: { currency: 840 } },
  { name: "that declines an amount", result: { outcome: Outcome.DECLINED } },
  { name: "with a number that is none", result: { recordNumber: "A1" } },
  { name: "of another layout", result: { version: 2 } },
  { name: "without a revision", result: { revision: 0 } },
  { name: "without an outcome", result: { outcome: Outcome.UNSPECIFIED } },
  { name: "over more than was signed", result: { approvedAmountMinor: 1_251n } },
  { name: "over less than was signed", result: { approvedAmountMinor: 1_249n } },
  {
    name: "over a part that nobody accepts",
    result: { outcome: Outcome.PARTIALLY_APPROVED, approvedAmountMinor: 100n },
  },
])("a result $name is no answer: the payment is reversed", async ({ result }) => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => ({ result: { outcome: Outcome.APPROVED, ...result } });
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await bed.processor.until(() => bed.processor.authorizations.length >= 1);
  await bed.putForward(25_000);
  await terminal.completedAs(paymentId, REVERSED);
  expect(terminal.completed.map(({ state }) => state)).toEqual([REVERSING, REVERSED]);
});

test("a result that names another payment's record is no answer", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const [first, second] = [bed.signer.sign(), bed.signer.sign()];
  terminal.submit(first.signed);
  const { recordNumber } = await terminal.completedAs(first.paymentId, APPROVED);
  bed.processor.decide = () => ({ result: { outcome: Outcome.APPROVED, recordNumber } });
  bed.processor.decideReversal = () => ({ result: { ...UNDONE, recordNumber } });
  terminal.submit(second.signed);
  await bed.processor.until(() => bed.processor.authorizations.length >= 2);
  await bed.putForward(25_000);
  await bed.processor.until(() => bed.processor.reversals.length >= 1);
  bed.processor.decideReversal = () => REVERSE;
  await bed.putForward(5_000);
  const reversed = await terminal.completedAs(second.paymentId, REVERSED);
  expect(reversed.recordNumber).not.toBe(recordNumber);
  expect(terminal.completed.slice(1).map(({ state }) => state)).toEqual([REVERSING, REVERSED]);
});

test("an older result of the same record changes nothing", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  const { merchantId } = bed.keys.terminal;
  await relay.calls.cancelPayment({ paymentId, merchantId });
  await terminal.completedAs(paymentId, REVERSED);
  bed.processor.answerLast(APPROVE);
  const key = { case: "paymentId", value: paymentId } as const;
  const next = bed.signer.sign();
  bed.processor.decide = () => APPROVE;
  terminal.submit(next.signed);
  await terminal.completedAs(next.paymentId, APPROVED);
  expect((await relay.calls.getPayment({ key })).payment?.state).toBe(REVERSED);
});

test("a result that the processor did not sign is no answer", async () => {
  await using bed = await TestBed.start();
  bed.processor.forgesResults = true;
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await bed.processor.until(() => bed.processor.authorizations.length >= 1);
  bed.processor.forgesResults = false;
  await bed.putForward(25_000);
  await terminal.completedAs(paymentId, REVERSED);
  expect(terminal.completed.map(({ state }) => state)).toEqual([REVERSING, REVERSED]);
});

test("part of the amount is approved where the terminal accepts that", async () => {
  await using bed = await TestBed.start();
  const part = { outcome: Outcome.PARTIALLY_APPROVED, approvedAmountMinor: 100n };
  bed.processor.decide = () => ({ result: { ...part, responseCode: "10" } });
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign({ context: { acceptPartial: true } });
  terminal.submit(signed);
  const { recordNumber } = await terminal.completedAs(paymentId, APPROVED);
  const key = { case: "recordNumber", value: recordNumber } as const;
  const { payment } = await relay.calls.getPayment({ key });
  expect(payment).toMatchObject({ approvedAmountMinor: 100n, responseCode: "10" });
});

test("an approved authorization is AUTHORIZED, not APPROVED", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign({ context: { kind: 2 } });
  terminal.submit(signed);
  await terminal.completedAs(paymentId, AUTHORIZED);
});

test.each<{ fault: PaymentErrorCode }>([
  { fault: "SEALED_DATA_REJECTED" },
  { fault: "READER_NOT_ACTIVE" },
  { fault: "COUNTER_REUSED" },
  { fault: "KEY_NOT_VALID" },
])("$fault does not go away: the payment is reversed at once, and says why", async ({ fault }) => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => ({ fault });
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  const reversing = await terminal.completedAs(paymentId, REVERSING);
  expect(reversing.fault?.code).toBe(fault);
  const reversed = await terminal.completedAs(paymentId, REVERSED);
  expect(reversed.fault?.code).toBe(fault);
  expect([...bed.processor.orders.values()]).toMatchObject([{ reason: 4007 }]);
  const key = { case: "paymentId", value: paymentId } as const;
  const { payment } = await relay.calls.getPayment({ key });
  expect(payment).toMatchObject({ state: REVERSED, responseCode: "68", fault: { code: fault } });
});

// What the processor has under the id, from another relay or with other bytes, may be approved.
test.each<{ fault: PaymentErrorCode }>([
  { fault: "OWNED_ELSEWHERE" },
  { fault: "DUPLICATE_DIFFERS" },
])("after $fault there is nothing to reverse from here, and nothing sure", async ({ fault }) => {
  const end = { certainty: Certainty.UNKNOWN, nextStep: NextStep.RETRY_SAME_ID };
  await using bed = await TestBed.start();
  bed.processor.decide = () => ({ fault });
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  const declined = await terminal.completedAs(paymentId, DECLINED);
  expect(declined).toMatchObject(end);
  const key = { case: "paymentId", value: paymentId } as const;
  expect((await relay.calls.getPayment({ key })).payment).toMatchObject(end);
  expect(declined.fault?.code).toBe(fault);
  expect(declined.result).toBeUndefined();
  expect(bed.processor.reversals).toEqual([]);
  expect(await bed.query("SELECT reader_payment, fault_code FROM record")).toEqual([
    { reader_payment: null, fault_code: fault },
  ]);
});

test.each<{ fault: PaymentErrorCode }>([{ fault: "OVERLOADED" }, { fault: "STORE_NOT_REACHED" }])(
  "after $fault the payment is sent again",
  async ({ fault }) => {
    await using bed = await TestBed.start();
    bed.processor.decide = () => ({ fault });
    const relay = await bed.startRelay();
    await bed.register(relay);
    const terminal = relay.openTerminal();
    const { signed, paymentId } = bed.signer.sign();
    terminal.submit(signed);
    await bed.processor.until(() => bed.processor.authorizations.length >= 1);
    bed.processor.decide = () => APPROVE;
    await terminal.completedAs(paymentId, APPROVED);
    expect(bed.processor.authorizations[1]).toMatchObject({ messageType: 201 });
  },
);

test("a reversal that the processor will never take ends the payment as declined", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  bed.processor.decideReversal = () => ({ fault: "OWNED_ELSEWHERE" });
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.putForward(25_000);
  const declined = await terminal.completedAs(paymentId, DECLINED);
  expect(declined.fault?.code).toBe("OWNED_ELSEWHERE");
});

/** As a processor answers the reversal of a result that the relay had acknowledged. */
const KEPT = {
  result: {
    outcome: Outcome.APPROVED,
    responseCode: "00",
    approvalCode: "A1B2C3",
    approvedAmountMinor: 1_250n,
  },
};

test("a commit that was lost after it was acknowledged comes back with the reversal", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  bed.processor.decideReversal = () => KEPT;
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.putForward(25_000);
  const approved = await terminal.completedAs(paymentId, APPROVED);
  expect(approved).toMatchObject({ certainty: Certainty.FINAL, nextStep: NextStep.NONE });
  expect(await bed.query("SELECT state, due_at FROM record")).toEqual([
    { state: "APPROVED", due_at: null },
  ]);
});

test("more than was asked for is not taken for the answer to a reversal", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const { result } = KEPT;
  bed.processor.decideReversal = () => ({ result: { ...result, approvedAmountMinor: 1_251n } });
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.putForward(25_000);
  await bed.processor.until(() => bed.processor.reversals.length >= 1);
  bed.processor.decideReversal = () => REVERSE;
  await bed.putForward(5_000);
  await terminal.completedAs(paymentId, REVERSED);
});

test("a payment that the relay forgot and the processor knows is not called undone", async () => {
  await using bed = await TestBed.start();
  bed.processor.decideReversal = () => ({ fault: "DUPLICATE_DIFFERS" });
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { paymentId } = bed.signer.sign();
  const { merchantId } = bed.keys.terminal;
  await relay.calls.cancelPayment({ paymentId, merchantId });
  // The stream to the processor may open after the first one was to be sent.
  while (bed.processor.reversals.length < 2) await bed.putForward(1_000);
  const key = { case: "paymentId", value: paymentId } as const;
  const { payment } = await relay.calls.getPayment({ key });
  expect(payment).toMatchObject({ state: REVERSING, certainty: Certainty.UNKNOWN });
});

test("an answer that nobody waits for changes nothing", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const first = bed.signer.sign();
  terminal.submit(first.signed);
  await terminal.completedAs(first.paymentId, APPROVED);
  bed.processor.answerLast(REVERSE);
  const next = bed.signer.sign();
  terminal.submit(next.signed);
  await terminal.completedAs(next.paymentId, APPROVED);
  expect(await bed.query("SELECT DISTINCT state FROM record")).toEqual([{ state: "APPROVED" }]);
});
