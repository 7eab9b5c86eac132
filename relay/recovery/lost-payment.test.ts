import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  Certainty,
  Outcome,
  PaymentState,
  type SignedPayment,
  SignedPaymentSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type Decision, REVERSE } from "../../test/fixtures/fake-processor.ts";
import { TestBed, type TestRelay } from "../../test/fixtures/relay-bed.ts";

const { APPROVED, DECLINED, REVERSED, REVERSING } = PaymentState;
const TIMELY_MS = 130_000;

/** A payment that the processor approved, and a relay whose database is from before. */
async function lostPayment(bed: TestBed, answer: Decision) {
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { merchantId } = bed.keys.terminal;
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  await terminal.completedAs(paymentId, APPROVED);
  const [authorization] = bed.processor.authorizations;
  const recordNumber = authorization?.recordNumber ?? "";
  await bed.query("DELETE FROM record_event");
  await bed.query("DELETE FROM record");
  // The processor tells a payment by its bytes, as `processor/reversal/reversal-desk.ts` does.
  bed.processor.decideReversal = ({ context }) => {
    if (context.length === 0) return { fault: "DUPLICATE_DIFFERS" };
    return answer === "silence" || "fault" in answer
      ? answer
      : { result: { ...answer.result, recordNumber } };
  };
  await bed.putForward(TIMELY_MS);
  const cancel = async (payment?: SignedPayment) =>
    (await relay.calls.cancelPayment({ paymentId, merchantId, ...(payment && { payment }) }))
      .completed;
  return { relay, merchantId, paymentId, signed, cancel };
}

async function stateOf(relay: TestRelay, paymentId: string, merchantId: string) {
  const key = { case: "paymentId", value: paymentId } as const;
  return (await relay.calls.getPayment({ key, merchantId })).payment;
}

describe("a payment that the relay has forgotten, cancelled with the reader's bytes", () => {
  test.each([
    { name: "is undone", answer: REVERSE, state: REVERSED },
    {
      name: "stays approved where that had been acknowledged",
      answer: {
        result: {
          outcome: Outcome.APPROVED,
          responseCode: "00",
          approvalCode: "A1B2C3",
          approvedAmountMinor: 1_250n,
        },
      },
      state: APPROVED,
    },
  ] as const)("$name", async ({ answer, state }) => {
    await using bed = await TestBed.start();
    const { relay, merchantId, paymentId, signed, cancel } = await lostPayment(bed, answer);
    expect(await cancel(signed)).toMatchObject({ state: REVERSING, certainty: Certainty.UNKNOWN });
    await expect
      .poll(() => stateOf(relay, paymentId, merchantId))
      .toMatchObject({ state, certainty: Certainty.FINAL, amounts: { totalMinor: 1_250n } });
    expect(await cancel(signed)).toMatchObject({ state, certainty: Certainty.FINAL });
    // It is in the merchant's list again, and was not authorized a second time.
    const { payments } = await relay.calls.listPayments({ merchantId });
    expect(payments.map((one) => one.paymentId)).toEqual([paymentId]);
    expect(bed.processor.authorizations).toHaveLength(1);
  });

  test("also when its reader was suspended since", async () => {
    await using bed = await TestBed.start();
    const { relay, merchantId, paymentId, signed, cancel } = await lostPayment(bed, REVERSE);
    const { certificate } = bed.keys.reader;
    await relay.registry.registerReaders({ readers: [{ certificate, merchantId, state: 2 }] });
    await cancel(signed);
    await expect
      .poll(() => stateOf(relay, paymentId, merchantId))
      .toMatchObject({ state: REVERSED });
  });

  test("while another terminal cancels it as well, has one record", async () => {
    await using bed = await TestBed.start();
    const { relay, merchantId, paymentId, signed, cancel } = await lostPayment(bed, REVERSE);
    const answers = await Promise.all([1, 2, 3].map(() => cancel(signed)));
    expect(new Set(answers.map((answer) => answer?.recordNumber)).size).toBe(1);
    await expect
      .poll(() => stateOf(relay, paymentId, merchantId))
      .toMatchObject({ state: REVERSED });
  });
});

test("bytes that no reader signed name no payment: the order is for the id alone", async () => {
  await using bed = await TestBed.start();
  const { relay, merchantId, signed, paymentId, cancel } = await lostPayment(bed, REVERSE);
  const { readerPayment } = signed;
  const forged = create(SignedPaymentSchema, { readerPayment, signature: new Uint8Array(64) });
  await cancel(forged);
  await bed.processor.until(() => bed.processor.reversals.length > 0);
  expect(bed.processor.reversals[0]).toMatchObject({ context: new Uint8Array() });
  expect(await stateOf(relay, paymentId, merchantId)).toMatchObject({ state: REVERSING });
});

describe("a payment that the relay has forgotten, of which the bytes come late", () => {
  test("is undone when somebody cancelled it by its id first", async () => {
    await using bed = await TestBed.start();
    const { relay, merchantId, paymentId, signed, cancel } = await lostPayment(bed, REVERSE);
    const blind = await cancel();
    await bed.processor.until(() => bed.processor.reversals.length > 0);
    const answers = await Promise.all([1, 2, 3].map(() => cancel(signed)));
    expect(new Set(answers.map((answer) => answer?.recordNumber))).toEqual(
      new Set([blind?.recordNumber]),
    );
    await expect
      .poll(() => stateOf(relay, paymentId, merchantId))
      .toMatchObject({
        state: REVERSED,
        certainty: Certainty.FINAL,
        amounts: { totalMinor: 1_250n },
      });
    const { payments } = await relay.calls.listPayments({ merchantId });
    expect(payments.map((one) => one.paymentId)).toEqual([paymentId]);
  });

  test("hears nothing of what the processor says late of the order for the id", async () => {
    await using bed = await TestBed.start();
    const { relay, merchantId, paymentId, signed, cancel } = await lostPayment(bed, "silence");
    // The refusal of the order for the id waits for a second answer, and goes with it.
    bed.processor.answersPerBox = 2;
    await cancel();
    await bed.processor.until(() => bed.processor.reversals.length > 0);
    await cancel(signed);
    const isNamed = ({ context }: { context: Uint8Array }) => context.length > 0;
    await bed.processor.until(() => bed.processor.reversals.some(isNamed));
    bed.processor.decideReversal = () => REVERSE;
    const another = bed.signer.sign().paymentId;
    await relay.calls.cancelPayment({ paymentId: another, merchantId });
    await expect.poll(() => stateOf(relay, another, merchantId)).toMatchObject({ state: REVERSED });
    expect(await stateOf(relay, paymentId, merchantId)).not.toMatchObject({ state: DECLINED });
  });

  test("is undone once its reader is registered again", async () => {
    await using bed = await TestBed.start();
    const { relay, merchantId, paymentId, signed, cancel } = await lostPayment(bed, REVERSE);
    await bed.query("DELETE FROM reader");
    await bed.putForward(6_000);
    expect(await cancel(signed)).toMatchObject({ state: REVERSING });
    await bed.processor.until(() => bed.processor.reversals.length > 0);
    expect(await stateOf(relay, paymentId, merchantId)).toMatchObject({ state: REVERSING });
    await bed.register(relay);
    await cancel(signed);
    await expect
      .poll(() => stateOf(relay, paymentId, merchantId))
      .toMatchObject({ state: REVERSED });
  });
});

describe("a payment that the relay has forgotten, and its reader has another certificate", () => {
  test("is undone when that is for the same key", async () => {
    await using bed = await TestBed.start();
    const { relay, merchantId, paymentId, signed, cancel } = await lostPayment(bed, REVERSE);
    const { certificate } = bed.keys.renewedReader();
    await relay.registry.registerReaders({ readers: [{ certificate, merchantId, state: 1 }] });
    await cancel(signed);
    await expect
      .poll(() => stateOf(relay, paymentId, merchantId))
      .toMatchObject({ state: REVERSED });
  });

  test("waits, with another key, until the former certificate is back", async () => {
    await using bed = await TestBed.start();
    const { relay, merchantId, paymentId, signed, cancel } = await lostPayment(bed, REVERSE);
    const { certificate } = bed.keys.anotherReader(bed.keys.reader.serial);
    await relay.registry.registerReaders({ readers: [{ certificate, merchantId, state: 1 }] });
    await cancel(signed);
    expect(await stateOf(relay, paymentId, merchantId)).toMatchObject({ state: REVERSING });
    await bed.register(relay);
    await cancel(signed);
    await expect
      .poll(() => stateOf(relay, paymentId, merchantId))
      .toMatchObject({ state: REVERSED });
  });
});

test("bytes of another payment are refused", async () => {
  await using bed = await TestBed.start();
  const { cancel } = await lostPayment(bed, REVERSE);
  await expect(cancel(bed.signer.sign().signed)).rejects.toMatchObject({
    rawMessage: "payment must be of the payment_id that is cancelled",
  });
});
