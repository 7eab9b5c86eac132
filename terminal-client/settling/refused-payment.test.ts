import { describe, expect, test } from "vitest";
import {
  Certainty,
  NextStep,
  Outcome,
  PaymentState,
  type SignedPayment,
  type SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { faultOf, PaymentError } from "../../payment/errors.ts";
import { parseMerchantId, parsePaymentId } from "../../payment/identifiers.ts";
import { RECORD_NUMBER } from "../../test/fixtures/fake-relay.ts";
import { signedResult, signedTombstone } from "../../test/fixtures/signed-results.ts";
import { SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };
const { FINAL, UNKNOWN } = Certainty;
const { APPROVED, DECLINED, REVERSED, REVERSING } = PaymentState;

const unsigned = { recordNumber: RECORD_NUMBER, certainty: FINAL, nextStep: NextStep.NONE };

const isFinal = (bench: TerminalBench) => () => bench.terminal.reportOf(ID)?.certainty === FINAL;

test.each([
  { code: "READER_NOT_ACTIVE", nextStep: NextStep.DO_NOT_RETRY },
  { code: "TERMINAL_UNKNOWN", nextStep: NextStep.DO_NOT_RETRY },
  { code: "NOT_PERMITTED", nextStep: NextStep.DO_NOT_RETRY },
  { code: "CURRENCY_NOT_ACCEPTED", nextStep: NextStep.CORRECT_REQUEST },
] as const)("a refusal with $code is final once the processor buried the payment", async (row) => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay(sale);
  (await bench.relay.next()).refused(row.code);
  expect(await bench.reported(paying)).toMatchObject({
    certainty: FINAL,
    nextStep: row.nextStep,
    state: REVERSED,
    result: { outcome: Outcome.REVERSED, approvedAmountMinor: 0n },
    fault: { code: row.code, certainty: FINAL, nextStep: row.nextStep },
  });
  expect(bench.relay.cancelled).toEqual([ID]);
  expect(bench.relay.submissionCount).toBe(1);
  await bench.until(() => bench.device.display.lines[0] === "CANCELLED");
});

test("a refusal is not the end while the relay alone says that nothing was charged", async () => {
  await using bench = await TerminalBench.start(() => ({ answerMsMax: 2_000 }));
  bench.relay.cancellation = { ...unsigned, state: REVERSED };
  const paying = bench.pay(sale);
  (await bench.relay.next()).refused("READER_NOT_ACTIVE");
  expect(await bench.reported(paying)).toMatchObject({
    certainty: UNKNOWN,
    nextStep: NextStep.RETRY_SAME_ID,
    fault: { code: "READER_NOT_ACTIVE", certainty: UNKNOWN, nextStep: NextStep.RETRY_SAME_ID },
  });
  bench.relay.cancellation = undefined;
  await bench.until(isFinal(bench), 1_000);
  expect(bench.terminal.reportOf(ID)?.fault?.code).toBe("READER_NOT_ACTIVE");
});

test("until a refused payment is reversed the cashier hears to hand over nothing", async () => {
  await using bench = await TerminalBench.start(() => ({ answerMsMax: 2_000 }));
  const nextStep = NextStep.WAIT_FOR_REVERSAL;
  bench.relay.cancellation = { ...unsigned, state: REVERSING, certainty: UNKNOWN, nextStep };
  const paying = bench.pay(sale);
  (await bench.relay.next()).refused("READER_NOT_ACTIVE");
  expect(await bench.reported(paying)).toMatchObject({
    certainty: UNKNOWN,
    nextStep,
    fault: { code: "READER_NOT_ACTIVE", nextStep },
  });
});

test("a tombstone of the same id at another merchant says nothing", async () => {
  await using bench = await TerminalBench.start(() => ({ answerMsMax: 2_000 }));
  bench.relay.cancellation = bench.relay.tombstone({
    paymentId: ID,
    merchantId: "ANOTHERSHOP0001",
  });
  const paying = bench.pay(sale);
  (await bench.relay.next()).refused("READER_NOT_ACTIVE");
  expect((await bench.reported(paying)).certainty).toBe(UNKNOWN);
});

test.each([{ state: DECLINED }, { state: REVERSED }])(
  "a relay's own word that a payment is in state $state is not believed",
  async ({ state }) => {
    await using bench = await TerminalBench.start(() => ({ answerMsMax: 2_000 }));
    bench.relay.cancellation = { ...unsigned, state };
    const paying = bench.pay(sale);
    const submission = await bench.relay.next();
    submission.recorded();
    submission.completed({ ...unsigned, state });
    expect((await bench.reported(paying)).certainty).toBe(UNKNOWN);
    bench.relay.cancellation = undefined;
    await bench.until(isFinal(bench), 1_000);
    expect(bench.terminal.reportOf(ID)?.result?.outcome).toBe(Outcome.REVERSED);
  },
);

test("a payment that was refused and yet passed on is what the processor says", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay(sale);
  const submission = await bench.relay.next();
  const result = bench.readerBench.result(submission.payment, {});
  bench.relay.cancellation = { ...unsigned, state: APPROVED, result };
  submission.refused("READER_NOT_ACTIVE");
  const report = await bench.reported(paying);
  expect(report).toMatchObject({ certainty: FINAL, state: APPROVED });
  expect(report.fault).toBeUndefined();
});

test("a payment that was refused before a crash is made impossible after it", async () => {
  await using bench = await TerminalBench.start();
  bench.relay.cancellation = { ...unsigned, state: REVERSED };
  bench.pay(sale);
  (await bench.relay.next()).refused("READER_NOT_ACTIVE");
  await bench.until(() => bench.relay.cancelled.length > 0);
  await bench.crashTerminal();
  bench.relay.cancellation = undefined;
  bench.relay.onSubmit = (submission) => submission.refused("READER_NOT_ACTIVE");
  await bench.startTerminal();
  await bench.until(isFinal(bench));
  expect(bench.terminal.reportOf(ID)?.fault?.code).toBe("READER_NOT_ACTIVE");
});

test("an id that stands for another payment ends this one, and leaves that one alone", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay(sale);
  const submission = await bench.relay.next();
  const nowMs = bench.clock.nowMs();
  const others = { contextDigest: new Uint8Array(64).fill(7), approvedAmountMinor: 9_999n };
  const result = signedResult(bench.keys, submission.payment, { nowMs, result: others });
  bench.relay.record = { ...unsigned, state: APPROVED, result };
  submission.refused("DUPLICATE_DIFFERS");
  const report = await bench.reported(paying);
  expect(report).toMatchObject({
    certainty: FINAL,
    state: PaymentState.UNSPECIFIED,
    recordNumber: "",
    fault: { code: "DUPLICATE_DIFFERS" },
  });
  expect(report.result).toBeUndefined();
  expect(bench.relay.cancelled).toEqual([]);
});

describe("another merchant's tombstone of the id does not end a payment", () => {
  const paymentId = ID;
  const merchantId = parseMerchantId("ANOTHERSHOP0001");
  const contextDigest = new Uint8Array(64).fill(7);
  const undone = { outcome: Outcome.REVERSED, responseCode: "68", contextDigest, merchantId };

  test.each<{
    name: string;
    signed: (bench: TerminalBench, payment: SignedPayment) => SignedResult;
  }>([
    {
      name: "of an unseen payment",
      signed: ({ keys, clock }) => signedTombstone(keys, { paymentId, merchantId }, clock.nowMs()),
    },
    {
      name: "with a context that no reader signed",
      signed: ({ readerBench }, payment) => readerBench.result(payment, undone),
    },
  ])("$name", async ({ signed }) => {
    await using bench = await TerminalBench.start(() => ({ answerMsMax: 2_000 }));
    const paying = bench.pay(sale);
    const { payment, refused } = await bench.relay.next();
    bench.relay.record = { ...unsigned, state: REVERSED, result: signed(bench, payment) };
    refused("DUPLICATE_DIFFERS");
    expect(await bench.reported(paying)).toMatchObject({
      certainty: UNKNOWN,
      fault: { code: "DUPLICATE_DIFFERS", certainty: UNKNOWN },
    });
    // The relay had passed the bytes on.
    const result = bench.readerBench.result(payment, {});
    bench.relay.record = { ...unsigned, state: APPROVED, result };
    await bench.until(isFinal(bench), 1_000);
    expect(bench.terminal.reportOf(ID)?.state).toBe(APPROVED);
  });
});

test("an id under which this very payment was charged before is told as charged", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay(sale);
  const submission = await bench.relay.next();
  const nowMs = bench.clock.nowMs();
  const earlier = { contextDigest: new Uint8Array(64).fill(7) };
  const result = signedResult(bench.keys, submission.payment, { nowMs, result: earlier });
  bench.relay.record = { ...unsigned, state: APPROVED, result };
  submission.refused("DUPLICATE_DIFFERS");
  expect(await bench.reported(paying)).toMatchObject({
    certainty: FINAL,
    state: APPROVED,
    recordNumber: RECORD_NUMBER,
  });
  expect(bench.relay.cancelled).toEqual([]);
});

test.each([
  { code: "CURRENCY_NOT_ACCEPTED", nextStep: NextStep.CORRECT_REQUEST },
  { code: "COUNTER_REUSED", nextStep: NextStep.DO_NOT_RETRY },
  { code: "DEADLINE_EXCEEDED", nextStep: NextStep.NONE },
] as const)("a till hears that a payment was undone for $code, and what to do", async (row) => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay(sale);
  const submission = await bench.relay.next();
  submission.recorded();
  const fault = faultOf(new PaymentError(row.code, "said by the test"));
  const nowMs = bench.clock.nowMs();
  const undone = { outcome: Outcome.REVERSED, responseCode: "68" };
  const result = signedResult(bench.keys, submission.payment, { nowMs, result: undone });
  submission.completed({ ...unsigned, state: REVERSED, result, fault });
  expect(await bench.reported(paying)).toMatchObject({
    certainty: FINAL,
    state: REVERSED,
    nextStep: row.nextStep,
    fault: { code: row.code, message: "said by the test", nextStep: row.nextStep },
    receipt: { outcome: Outcome.REVERSED },
  });
});
