import { expect, test } from "vitest";
import {
  Certainty,
  NextStep,
  Outcome,
  PaymentState,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import type { CrashMoment } from "../mesh/testing/memory-files.ts";
import { parsePaymentId } from "../payment/identifiers.ts";
import { equalBytes } from "../sealing/bytes.ts";
import { RECORD_NUMBER, type Submission } from "../test/fixtures/fake-relay.ts";
import { SALE, TerminalBench } from "../test/fixtures/terminal-bench.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };

/** Pays until the signed bytes are at the relay, then cuts the terminal's power. */
async function crashedAfterSubmit(bench: TerminalBench) {
  bench.pay(sale);
  const submission = await bench.relay.next();
  await bench.crashTerminal();
  return submission;
}

const isFinal = (bench: TerminalBench) => () =>
  bench.terminal.reportOf(ID)?.certainty === Certainty.FINAL;

test("after a crash the same bytes are submitted again, and the end is found", async () => {
  await using bench = await TerminalBench.start();
  const before = await crashedAfterSubmit(bench);
  await bench.startTerminal();
  await bench.until(() => bench.relay.submissionCount === 2);
  const after = await bench.relay.next();
  expect(after.payment).toEqual(before.payment);
  expect(bench.terminal.reportOf(ID)).toMatchObject({
    certainty: Certainty.UNKNOWN,
    nextStep: NextStep.RETRY_SAME_ID,
  });
  after.recorded();
  after.answered();
  await bench.until(isFinal(bench));
  expect(bench.terminal.reportOf(ID)?.state).toBe(PaymentState.APPROVED);
});

test("after a crash a till that asks with the same id gets the end, no second charge", async () => {
  await using bench = await TerminalBench.start();
  await crashedAfterSubmit(bench);
  await bench.startTerminal();
  const again = bench.pay(sale);
  const submission = await nextSubmission(bench);
  submission.answered();
  expect((await again.report).state).toBe(PaymentState.APPROVED);
  expect(again.events[0]).toMatchObject({ case: "started", value: { resumed: true } });
});

test("bytes that came too late are cancelled, so that they can not happen any more", async () => {
  await using bench = await TerminalBench.start();
  await crashedAfterSubmit(bench);
  await bench.startTerminal();
  (await nextSubmission(bench)).refused("SUBMITTED_TOO_LATE");
  await bench.until(isFinal(bench));
  expect(bench.relay.cancelled).toEqual([ID]);
  expect(bench.terminal.reportOf(ID)).toMatchObject({
    state: PaymentState.REVERSED,
    certainty: Certainty.FINAL,
    nextStep: NextStep.CORRECT_REQUEST,
  });
});

test("a relay without a record gets the bytes again, and afterwards a cancellation", async () => {
  await using bench = await TerminalBench.start();
  await crashedAfterSubmit(bench);
  await bench.startTerminal();
  // Submitted once for the new stream, and again when the relay said that it had no record.
  await bench.until(() => bench.relay.submissionCount === 3, 1_000);
  expect(bench.relay.cancelled).toEqual([]);
  await bench.until(isFinal(bench), 1_000);
  expect(bench.relay.cancelled).toEqual([ID]);
});

test("the answer to a cancellation may be that it was approved: the processor knows", async () => {
  await using bench = await TerminalBench.start();
  const { payment } = await crashedAfterSubmit(bench);
  const result = bench.readerBench.result(payment, {});
  bench.relay.cancellation = {
    recordNumber: RECORD_NUMBER,
    state: PaymentState.APPROVED,
    certainty: Certainty.FINAL,
    nextStep: NextStep.NONE,
    result,
  };
  await bench.startTerminal();
  (await nextSubmission(bench)).refused("SUBMITTED_TOO_LATE");
  await bench.until(isFinal(bench));
  expect(bench.terminal.reportOf(ID)).toMatchObject({
    state: PaymentState.APPROVED,
    result: { outcome: Outcome.APPROVED },
  });
  // By its bytes the processor tells the payment, also where the relay has forgotten it.
  const bytes = bench.relay.cancelledBytes.map((one) => one?.readerPayment);
  expect(bytes.map((one) => one && equalBytes(one, payment.readerPayment))).toEqual([true]);
});

/** What a payment writes to the journal, each synced before what it protects. */
const durableSteps = ["payment id", "signed bytes", "end"];
const moments: readonly CrashMoment[] = ["before it is synced", "after it is synced"];
const crashes = durableSteps.flatMap((step, index) =>
  moments.map((moment) => ({ step, change: index + 1, moment })),
);

/** What is certain after the restart, by the last thing that is on the disk. */
const afterwards = [
  { known: false, submissions: 0 }, // payment id lost: nobody knows of it
  { known: true, submissions: 0 },
  { known: true, submissions: 0 }, // signed bytes lost: they were never submitted
  { known: true, submissions: 1 },
  { known: true, submissions: 2 },
  { known: true, submissions: 1 },
];

test.each(crashes.map((crash, index) => ({ ...crash, ...(afterwards[index] ?? afterwards[0]) })))(
  "a crash at the $step, $moment, charges at most once",
  async ({ change, moment, known, submissions }) => {
    await using bench = await TerminalBench.start();
    await bench.until(() => bench.terminal.isRelayConnected && bench.files.changesBegun > 0);
    bench.files.crashAt(bench.files.changesBegun + change, moment);
    const paying = bench.pay(sale);
    let isOver = false;
    paying.report.then(
      () => (isOver = true),
      () => (isOver = true),
    );
    bench.relay.onSubmit = (submission) => submission.answered();
    await bench.until(() => isOver || bench.files.isCrashed);
    await bench.crashTerminal();
    await bench.startTerminal();
    await bench.until(() => bench.terminal.isRelayConnected);
    const entries = await bench.files.list("payment-");
    expect(entries).toHaveLength(known === true ? 1 : 0);
    await bench.until(() => known === false || isFinal(bench)());
    expect(bench.relay.submissionCount).toBe(submissions);
  },
);

/** A new stream needs time to pass, because the terminal waits a moment before it tries again. */
async function nextSubmission(bench: TerminalBench) {
  const arrived: Submission[] = [];
  void bench.relay.next().then((submission) => arrived.push(submission));
  await bench.until(() => arrived.length > 0);
  return arrived[0] as Submission;
}
