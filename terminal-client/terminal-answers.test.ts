import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  Certainty,
  NextStep,
  Outcome,
  PaymentState,
  SignedResultSchema,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { ShownOutcome } from "../gen/cardlane/reader/v1/reader_pb.ts";
import { parsePaymentId, paymentIdToBytes } from "../payment/identifiers.ts";
import { RECORD_NUMBER } from "../test/fixtures/fake-relay.ts";
import { PaymentSigner, type PaymentWishes } from "../test/fixtures/reader-payment.ts";
import { signedResult, withFlippedBit } from "../test/fixtures/signed-results.ts";
import { SALE, TerminalBench } from "../test/fixtures/terminal-bench.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };
const { FINAL, UNKNOWN } = Certainty;

test("no answer for 30 s is UNKNOWN, and the late one is found and shown", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay(sale);
  const submission = await bench.relay.next();
  bench.relay.record = {
    recordNumber: RECORD_NUMBER,
    state: PaymentState.FORWARDED,
    certainty: UNKNOWN,
    nextStep: NextStep.WAIT,
  };
  submission.recorded();
  await bench.until(() => bench.device.display.lines[0] === "UNKNOWN", 1_000);
  expect(await paying.report).toMatchObject({
    recordNumber: RECORD_NUMBER,
    certainty: UNKNOWN,
    nextStep: NextStep.RETRY_SAME_ID,
    shown: ShownOutcome.UNSPECIFIED,
  });
  submission.answered();
  await bench.until(() => bench.terminal.reportOf(ID)?.certainty === FINAL);
  expect(bench.terminal.reportOf(ID)).toMatchObject({
    state: PaymentState.APPROVED,
    shown: ShownOutcome.APPROVED,
  });
});

test.each([
  { says: "to hand over nothing", nextStep: NextStep.WAIT_FOR_REVERSAL },
  { says: "that somebody has to look at it", nextStep: NextStep.ASK_OPERATOR },
])("no answer but a reversal under way says $says", async ({ nextStep }) => {
  await using bench = await TerminalBench.start(() => ({ answerMsMax: 100 }));
  const paying = bench.pay(sale);
  const submission = await bench.relay.next();
  submission.completed({
    state: PaymentState.REVERSING,
    certainty: UNKNOWN,
    nextStep,
  });
  await bench.until(() => bench.device.display.lines[0] === "UNKNOWN");
  expect(await paying.report).toMatchObject({
    certainty: UNKNOWN,
    nextStep,
    state: PaymentState.REVERSING,
  });
  submission.answered({ outcome: Outcome.REVERSED, revision: 2 });
  await bench.until(() => bench.terminal.reportOf(ID)?.certainty === FINAL);
  expect(bench.terminal.reportOf(ID)?.state).toBe(PaymentState.REVERSED);
});

test("no answer because the stream broke: the same bytes go out on the next one", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay();
  const first = await bench.relay.next();
  const cutAtMs = bench.clock.nowMs();
  first.cut();
  await bench.until(() => bench.relay.submissionCount === 2);
  // At once on the new stream, long before anybody would have asked for the record.
  expect(bench.clock.nowMs() - cutAtMs).toBeLessThan(1_000);
  const second = await bench.relay.next();
  expect(second.payment).toEqual(first.payment);
  second.recorded();
  second.answered();
  expect((await paying.report).state).toBe(PaymentState.APPROVED);
});

test("no answer on the stream, but in the record: it is asked for", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay();
  const { payment } = await bench.relay.next();
  bench.relay.record = {
    recordNumber: RECORD_NUMBER,
    state: PaymentState.APPROVED,
    certainty: FINAL,
    nextStep: NextStep.NONE,
    result: signedResult(bench.keys, payment, { nowMs: bench.clock.nowMs() }),
  };
  await bench.until(() => bench.device.display.lines[0] === "APPROVED", 1_000);
  expect((await paying.report).state).toBe(PaymentState.APPROVED);
});

test("a connection that breaks is told as an outage", async () => {
  await using bench = await TerminalBench.start(() => ({ answerMsMax: 8_000 }));
  bench.relay.beforeAnswer = () => {
    throw new ConnectError("connection reset", Code.Aborted);
  };
  const paying = bench.pay();
  await bench.relay.next();
  expect(await bench.reported(paying)).toMatchObject({
    certainty: UNKNOWN,
    nextStep: NextStep.RETRY_SAME_ID,
    fault: { code: "UPSTREAM_NOT_REACHED", message: "the relay can not be reached" },
  });
});

describe("a result that the terminal does not believe", () => {
  test.each([
    { name: "with one bit flipped", forge: { bit: 30 } },
    {
      name: "of another merchant's payment",
      forge: { result: { contextDigest: new Uint8Array(64), merchantId: "ANOTHERSHOP0001" } },
    },
    { name: "over more than was signed", forge: { result: { approvedAmountMinor: 1_251n } } },
    { name: "of a key that nobody knows", forge: { keyId: new Uint8Array(8) } },
  ] as const)("$name is no end: UNKNOWN", async ({ forge }) => {
    await using bench = await TerminalBench.start(() => ({ answerMsMax: 100 }));
    const paying = bench.pay(sale);
    const submission = await bench.relay.next();
    const { result, bit, keyId } = { result: {}, bit: undefined, keyId: undefined, ...forge };
    const nowMs = bench.clock.nowMs();
    const signed = signedResult(bench.keys, submission.payment, { nowMs, result });
    const flipped = bit === undefined ? signed : withFlippedBit(signed, bit);
    submission.completed({
      state: PaymentState.APPROVED,
      certainty: FINAL,
      nextStep: NextStep.NONE,
      result: create(SignedResultSchema, { ...flipped, ...(keyId && { keyId }) }),
    });
    await bench.until(() => bench.device.display.lines[0] === "UNKNOWN");
    expect(await paying.report).toMatchObject({
      certainty: UNKNOWN,
      fault: { code: "SIGNATURE_REJECTED" },
    });
    submission.answered();
    await bench.until(() => bench.terminal.reportOf(ID)?.certainty === FINAL);
  });

  test("a relay's refusal of what it has recorded is none", async () => {
    await using bench = await TerminalBench.start(() => ({ answerMsMax: 100 }));
    const paying = bench.pay(sale);
    const submission = await bench.relay.next();
    submission.recorded();
    submission.refused("READER_NOT_ACTIVE");
    await bench.until(() => bench.device.display.lines[0] === "UNKNOWN");
    expect(await paying.report).toMatchObject({
      certainty: UNKNOWN,
      fault: { code: "READER_NOT_ACTIVE" },
    });
    submission.answered();
    await bench.until(() => bench.terminal.reportOf(ID)?.certainty === FINAL);
    expect(bench.terminal.reportOf(ID)?.state).toBe(PaymentState.APPROVED);
  });

  test("a relay's own word of an approval is none", async () => {
    await using bench = await TerminalBench.start(() => ({ answerMsMax: 100 }));
    const paying = bench.pay();
    (await bench.relay.next()).completed({
      state: PaymentState.APPROVED,
      certainty: FINAL,
      nextStep: NextStep.NONE,
    });
    await bench.until(() => bench.device.display.lines[0] === "UNKNOWN");
    expect((await paying.report).certainty).toBe(UNKNOWN);
  });
});

describe("a signed result that is no answer to this payment", () => {
  // Each signed by the processor, and the right answer to something.
  test.each<{ name: string; context: NonNullable<PaymentWishes["context"]> }>([
    { name: "another payment of the same terms", context: {} },
    {
      name: "another merchant's payment of this id",
      context: { paymentId: paymentIdToBytes(ID), merchantId: "ANOTHERSHOP0001" },
    },
  ])("the answer to $name is no end: UNKNOWN", async ({ context }) => {
    await using bench = await TerminalBench.start(() => ({ answerMsMax: 100 }));
    const paying = bench.pay(sale);
    const submission = await bench.relay.next();
    const nowMs = bench.clock.nowMs();
    const signer = new PaymentSigner({ keys: bench.keys, nowMs: () => nowMs });
    const another = signer.sign({ context }).signed;
    submission.completed({
      state: PaymentState.APPROVED,
      certainty: FINAL,
      nextStep: NextStep.NONE,
      result: signedResult(bench.keys, another, { nowMs }),
    });
    await bench.until(() => bench.device.display.lines[0] === "UNKNOWN");
    expect(await paying.report).toMatchObject({
      certainty: UNKNOWN,
      fault: { code: "SIGNATURE_REJECTED" },
    });
    submission.answered();
    await bench.until(() => bench.terminal.reportOf(ID)?.certainty === FINAL);
  });

  // The processor has one payment for each merchant and id: these bytes can happen no more.
  test.each<{ name: string; context: NonNullable<PaymentWishes["context"]> }>([
    { name: "another attempt at this id", context: { counter: 9n } },
    { name: "another terminal's payment of this id", context: { terminalId: "TILLELSE" } },
  ])("the answer to $name ends it, where the merchant is the same", async ({ context }) => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(sale);
    const submission = await bench.relay.next();
    const nowMs = bench.clock.nowMs();
    const signer = new PaymentSigner({ keys: bench.keys, nowMs: () => nowMs });
    const another = signer.sign({ context: { ...context, paymentId: paymentIdToBytes(ID) } });
    submission.completed({
      state: PaymentState.APPROVED,
      certainty: FINAL,
      nextStep: NextStep.NONE,
      result: signedResult(bench.keys, another.signed, { nowMs }),
    });
    expect(await paying.report).toMatchObject({ certainty: FINAL, state: PaymentState.APPROVED });
  });

  test("an older result of the payment is none, once it is final", async () => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(sale);
    const submission = await bench.relay.next();
    submission.answered({ outcome: Outcome.REVERSED, revision: 2 });
    const report = await paying.report;
    expect(report).toMatchObject({ certainty: FINAL, state: PaymentState.REVERSED });
    submission.answered({ revision: 1 });
    const next = bench.pay();
    (await bench.relay.next()).answered();
    await next.report;
    expect(await bench.pay(sale).report).toMatchObject({ state: PaymentState.REVERSED });
  });
});
