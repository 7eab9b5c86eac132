import type { MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  Certainty,
  EntryMode,
  NextStep,
  Outcome,
  PaymentKind,
  PaymentState,
  type SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentRecordSchema } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import { RECORD_NUMBER, type Submission } from "../../test/fixtures/fake-relay.ts";
import { EUR, SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";
import { saleOf } from "../payment-request.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };
const { FINAL, UNKNOWN } = Certainty;
const { APPROVED, FORWARDED, REVERSED } = PaymentState;

type RecordInit = MessageInitShape<typeof PaymentRecordSchema>;

/** What the relay has of the sale. */
const recordOf = (
  result: SignedResult | undefined,
  wishes: Pick<RecordInit, "state" | "certainty" | "nextStep"> = {},
): RecordInit => ({
  recordNumber: RECORD_NUMBER,
  paymentId: ID,
  state: APPROVED,
  certainty: FINAL,
  nextStep: NextStep.NONE,
  kind: PaymentKind.SALE,
  amounts: { totalMinor: 1_250n },
  currency: EUR,
  entryMode: EntryMode.CHIP,
  lastFour: "4242",
  ...(result && { result }),
  ...wishes,
});

/** Pays with the id, approved; the relay keeps a record of it from then on. */
async function approved(bench: TerminalBench): Promise<Submission> {
  const paying = bench.pay(sale);
  const submission = await bench.relay.next();
  submission.answered();
  await paying.report;
  bench.relay.record = recordOf(bench.readerBench.result(submission.payment, {}));
  return submission;
}

async function takeMore(bench: TerminalBench, count: number): Promise<void> {
  bench.relay.onSubmit = (submission) => submission.answered();
  for (let number = 0; number < count; number += 1) await bench.pay().report;
}

const refusing = (code: PaymentErrorCode) => () => {
  throw new PaymentError(code, "said by the test");
};

const charged = {
  certainty: FINAL,
  nextStep: NextStep.NONE,
  state: APPROVED,
  recordNumber: RECORD_NUMBER,
  result: { outcome: Outcome.APPROVED, approvedAmountMinor: 1_250n },
  receipt: { maskedPan: "************4242", entryMode: EntryMode.CHIP, amountMinor: 1_250n },
};

describe("the id of a charged payment, repeated", () => {
  test("at a terminal whose journal is older than its reader", async () => {
    await using bench = await TerminalBench.start();
    await bench.until(() => bench.terminal.isRelayConnected);
    const older = bench.files.copy();
    await approved(bench);
    await bench.replaceTerminal(older);
    const again = bench.pay(sale);
    expect(await bench.reported(again)).toMatchObject(charged);
    expect(again.heard).toEqual(["started", "recorded"]);
    expect(again.events[0]).toMatchObject({ case: "started", value: { resumed: true } });
    // In the journal again: the next one asks nobody.
    const asked = bench.relay.asked.length;
    expect(await bench.pay(sale).report).toMatchObject(charged);
    expect(bench.relay.asked).toHaveLength(asked);
    expect(bench.relay.cancelled).toEqual([]);
  });

  test("at a terminal that was replaced, with another reader", async () => {
    await using bench = await TerminalBench.start();
    await approved(bench);
    await bench.readerBench.forget();
    await bench.replaceTerminal();
    expect(await bench.reported(bench.pay(sale))).toMatchObject(charged);
    expect(bench.relay.submissionCount).toBe(1);
  });

  test.each([
    { limits: { finishedMax: 2, takenIdsMax: 50 }, later: 3 },
    { limits: { finishedMax: 2, takenIdsMax: 3 }, later: 5 },
  ])("after $later later payments, of which $limits are remembered", async (row) => {
    const { finishedMax, takenIdsMax } = row.limits;
    const limitReader = () => ({ takenIdsMax });
    await using bench = await TerminalBench.start(() => ({ finishedMax }), limitReader);
    await approved(bench);
    await takeMore(bench, row.later);
    expect(bench.terminal.reportOf(ID)).toBeUndefined();
    expect(await bench.reported(bench.pay(sale))).toMatchObject(charged);
    expect(bench.relay.submissionCount).toBe(1 + row.later);
  });

  test("for another amount is refused, and the reader hears nothing of it", async () => {
    await using bench = await TerminalBench.start();
    await approved(bench);
    await bench.replaceTerminal();
    const paying = bench.pay({ ...saleOf(6_250n, EUR), paymentId: ID });
    await expect(bench.reported(paying)).rejects.toMatchObject({ code: "DUPLICATE_DIFFERS" });
    expect(paying.heard).toEqual([]);
  });
});

test.each([
  { name: "of another amount", result: { approvedAmountMinor: 6_250n } },
  { name: "in another currency", result: { currency: 840 } },
  { name: "of another payment", result: { paymentId: new Uint8Array(16).fill(7) } },
])("a charged payment is not told by a result $name", async ({ result }) => {
  await using bench = await TerminalBench.start(() => ({ answerMsMax: 2_000 }));
  const { payment } = await approved(bench);
  bench.relay.record = recordOf(bench.readerBench.result(payment, result));
  await bench.replaceTerminal();
  expect(await bench.reported(bench.pay(sale))).toMatchObject({
    certainty: UNKNOWN,
    fault: { code: "SIGNATURE_REJECTED" },
  });
});

test("a charged id that is repeated twice at once gets one answer", async () => {
  await using bench = await TerminalBench.start();
  await approved(bench);
  await bench.replaceTerminal();
  const both = [bench.pay(sale), bench.pay(sale)];
  for (const paying of both) expect(await bench.reported(paying)).toMatchObject(charged);
});

test("a forgotten payment that is still open is unknown, and followed to its end", async () => {
  await using bench = await TerminalBench.start(() => ({ answerMsMax: 2_000 }));
  const { payment } = await approved(bench);
  const open = { state: FORWARDED, certainty: UNKNOWN, nextStep: NextStep.WAIT };
  bench.relay.record = recordOf(undefined, open);
  await bench.replaceTerminal();
  expect(await bench.reported(bench.pay(sale))).toMatchObject({
    certainty: UNKNOWN,
    state: FORWARDED,
    nextStep: NextStep.RETRY_SAME_ID,
  });
  bench.relay.record = recordOf(bench.readerBench.result(payment, {}));
  await bench.until(() => bench.terminal.reportOf(ID)?.certainty === FINAL, 1_000);
  expect(bench.terminal.reportOf(ID)).toMatchObject(charged);
  expect(bench.relay.cancelled).toEqual([]);
});

describe("an id that nobody can tell about is unknown, and its reader hears nothing", () => {
  test("an overloaded relay", async () => {
    await using bench = await TerminalBench.start();
    await approved(bench);
    await bench.replaceTerminal();
    bench.relay.beforeAnswer = refusing("OVERLOADED");
    const paying = bench.pay(sale);
    expect(await bench.reported(paying)).toMatchObject({
      certainty: UNKNOWN,
      nextStep: NextStep.RETRY_SAME_ID,
      fault: { code: "OVERLOADED", certainty: UNKNOWN },
    });
    expect(paying.heard).toEqual([]);
    bench.relay.beforeAnswer = () => undefined;
    expect(await bench.reported(bench.pay(sale))).toMatchObject(charged);
  });

  test("a relay that says nothing", async () => {
    await using bench = await TerminalBench.start();
    await approved(bench);
    await bench.replaceTerminal();
    const silence = Promise.withResolvers<void>();
    bench.relay.beforeAnswer = () => silence.promise;
    const paying = bench.pay(sale);
    const report = await bench.reported(paying);
    expect(report).toMatchObject({ certainty: UNKNOWN, fault: { code: "DEADLINE_EXCEEDED" } });
    expect(paying.heard).toEqual([]);
    silence.resolve();
  });

  test("a relay that is gone", async () => {
    await using bench = await TerminalBench.start();
    await approved(bench);
    await bench.relay[Symbol.asyncDispose]();
    await bench.replaceTerminal();
    const report = await bench.reported(bench.pay(sale));
    expect(report).toMatchObject({ certainty: UNKNOWN, fault: { code: "UPSTREAM_NOT_REACHED" } });
  });
});

test("a relay that does not serve this terminal is asked to make the id impossible", async () => {
  await using bench = await TerminalBench.start();
  const { payment } = await approved(bench);
  await bench.replaceTerminal();
  bench.relay.beforeAnswer = refusing("TERMINAL_UNKNOWN");
  bench.relay.beforeCancelling = refusing("OVERLOADED");
  const first = await bench.reported(bench.pay(sale));
  expect(first).toMatchObject({ certainty: UNKNOWN, fault: { code: "TERMINAL_UNKNOWN" } });
  bench.relay.beforeCancelling = () => undefined;
  bench.relay.cancellation = {
    recordNumber: RECORD_NUMBER,
    state: APPROVED,
    certainty: FINAL,
    result: bench.readerBench.result(payment, {}),
  };
  expect(await bench.reported(bench.pay(sale))).toMatchObject({
    certainty: FINAL,
    state: APPROVED,
  });
});

test("an id that only the reader knows is asked for, and cancelled when unknown", async () => {
  await using bench = await TerminalBench.start();
  await approved(bench);
  // A relay that was restored: it has forgotten as well.
  bench.relay.record = undefined;
  await bench.replaceTerminal();
  expect(await bench.reported(bench.pay(sale))).toMatchObject({
    certainty: FINAL,
    state: REVERSED,
    nextStep: NextStep.NONE,
    fault: { code: "ALREADY_SIGNED" },
    result: { outcome: Outcome.REVERSED },
  });
  expect(bench.relay.asked).toEqual([ID, ID, ID]);
  expect(bench.relay.cancelled).toEqual([ID]);
});

test("an id that the reader knows and the relay finds late is told as it ended", async () => {
  await using bench = await TerminalBench.start();
  await approved(bench);
  const record = bench.relay.record;
  bench.relay.record = undefined;
  await bench.replaceTerminal();
  const again = bench.pay(sale, {
    onEvent: () => {
      bench.relay.record = record;
    },
  });
  const report = await bench.reported(again);
  expect(report).toMatchObject({ certainty: FINAL, state: APPROVED });
  expect(bench.relay.cancelled).toEqual([]);
});

test("a plain sale asks the relay nothing", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay();
  (await bench.relay.next()).answered();
  expect((await paying.report).state).toBe(APPROVED);
  expect(bench.relay).toMatchObject({ asked: [], cancelled: [], submissionCount: 1 });
});

describe("what the journal does not know is asked for at the relay", () => {
  test("and told with its receipt, without being kept", async () => {
    await using bench = await TerminalBench.start();
    await approved(bench);
    await bench.replaceTerminal();
    await bench.until(() => bench.terminal.isRelayConnected);
    expect(await bench.terminal.getPayment(ID)).toMatchObject(charged);
    expect(await bench.files.list("payment-")).toEqual([]);
  });

  test("and not found when it has never been there", async () => {
    await using bench = await TerminalBench.start();
    await bench.until(() => bench.terminal.isRelayConnected);
    await expect(bench.terminal.getPayment(ID)).rejects.toMatchObject({
      code: "PAYMENT_NOT_FOUND",
      message: "neither the terminal nor its relay knows a payment with this id",
    });
  });

  test("and unknown when nobody could tell", async () => {
    await using bench = await TerminalBench.start();
    await bench.until(() => bench.terminal.isRelayConnected);
    bench.relay.beforeAnswer = refusing("OVERLOADED");
    const report = await bench.terminal.getPayment(ID);
    expect(report).toMatchObject({ certainty: UNKNOWN, fault: { code: "OVERLOADED" } });
  });

  test("and unknown when the record has no word of the processor's", async () => {
    await using bench = await TerminalBench.start();
    await bench.until(() => bench.terminal.isRelayConnected);
    bench.relay.record = recordOf(undefined);
    const open = { certainty: UNKNOWN, state: APPROVED };
    expect(await bench.terminal.getPayment(ID)).toMatchObject(open);
  });
});
