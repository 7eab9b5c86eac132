import { expect, test } from "vitest";
import {
  Certainty,
  NextStep,
  Outcome,
  PaymentState,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { REVERSE } from "../../test/fixtures/fake-processor.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

const DEADLINE_MS = 25_000;
const HOUR_MS = 3_600_000;
const { APPROVED, REVERSED, REVERSING } = PaymentState;

/** The approval as the processor has it. */
const KEPT = {
  result: {
    outcome: Outcome.APPROVED,
    responseCode: "00",
    approvalCode: "A1B2C3",
    approvedAmountMinor: 1_250n,
  },
};

/** A payment without an answer, whose order the processor holds for its operator. */
async function heldPayment(bed: TestBed) {
  bed.processor.decide = () => "silence";
  bed.processor.decideReversal = () => ({ fault: "REVERSAL_HELD" });
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  const { recordNumber } = await terminal.recordedOf(paymentId);
  await bed.putForward(DEADLINE_MS);
  await terminal.until(() =>
    terminal.completed.some(({ nextStep }) => nextStep === NextStep.ASK_OPERATOR),
  );
  return {
    relay,
    terminal,
    paymentId,
    key: { case: "recordNumber", value: recordNumber } as const,
  };
}

const UNKNOWN = { certainty: Certainty.UNKNOWN, state: REVERSING };

test("terminal, query and list say that an operator has to look", async () => {
  await using bed = await TestBed.start();
  const { relay, terminal, key } = await heldPayment(bed);
  expect(terminal.completed).toMatchObject([
    { ...UNKNOWN, nextStep: NextStep.WAIT_FOR_REVERSAL },
    { ...UNKNOWN, nextStep: NextStep.ASK_OPERATOR, fault: { code: "REVERSAL_HELD" } },
  ]);
  const held = { ...UNKNOWN, nextStep: NextStep.ASK_OPERATOR, fault: { code: "REVERSAL_HELD" } };
  expect((await relay.calls.getPayment({ key })).payment).toMatchObject(held);
  expect((await relay.calls.listPayments({})).payments).toMatchObject([held]);
});

test("the pauses between two questions grow to an hour, and no more are asked", async () => {
  await using bed = await TestBed.start();
  await heldPayment(bed);
  await bed.query("UPDATE record SET claim_number = 30");
  const asked = bed.processor.reversals.length;
  await bed.putForward(HOUR_MS);
  await bed.processor.until(() => bed.processor.reversals.length > asked);
  const [row] = await bed.query(
    "SELECT (extract(epoch FROM due_at - recorded_at) * 1000)::float8 AS due_after FROM record",
  );
  // With a jitter of 0.5 to 1.5.
  const pauseMs = Number(row?.due_after) - DEADLINE_MS - HOUR_MS;
  expect(pauseMs).toBeGreaterThan(0.49 * HOUR_MS);
  expect(pauseMs).toBeLessThan(1.51 * HOUR_MS);
  expect(bed.processor.reversals).toHaveLength(asked + 1);
});

test("released it ends as reversed, without the code that only said who had to look", async () => {
  await using bed = await TestBed.start();
  const { relay, terminal, paymentId, key } = await heldPayment(bed);
  bed.processor.decideReversal = () => REVERSE;
  await bed.putForward(HOUR_MS);
  await terminal.completedAs(paymentId, REVERSED);
  const { payment } = await relay.calls.getPayment({ key });
  expect(payment).toMatchObject({
    state: REVERSED,
    certainty: Certainty.FINAL,
    responseCode: "68",
  });
  expect(payment?.fault).toBeUndefined();
});

test("refused it ends as approved, and the relay acknowledges that", async () => {
  await using bed = await TestBed.start();
  const { terminal, paymentId } = await heldPayment(bed);
  bed.processor.decideReversal = () => KEPT;
  await bed.putForward(HOUR_MS);
  const approved = await terminal.completedAs(paymentId, APPROVED);
  expect(approved.certainty).toBe(Certainty.FINAL);
  await bed.processor.until(() => bed.processor.acknowledgements.length > 0);
});
