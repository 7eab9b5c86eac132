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

const { APPROVED, REVERSED, REVERSING } = PaymentState;
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

test("bytes of another payment are refused", async () => {
  await using bed = await TestBed.start();
  const { cancel } = await lostPayment(bed, REVERSE);
  await expect(cancel(bed.signer.sign().signed)).rejects.toMatchObject({
    rawMessage: "payment must be of the payment_id that is cancelled",
  });
});
