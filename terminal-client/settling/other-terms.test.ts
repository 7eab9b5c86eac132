import { describe, expect, test } from "vitest";
import {
  Certainty,
  NextStep,
  Outcome,
  PaymentKind,
  PaymentState,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import { RECORD_NUMBER } from "../../test/fixtures/fake-relay.ts";
import { EUR, SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";
import { saleOf } from "../payment-request.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const inPart = { ...SALE, paymentId: ID, acceptPartial: true };
const inFull = { ...inPart, acceptPartial: false };
const { FINAL, UNKNOWN } = Certainty;
const { APPROVED, FORWARDED } = PaymentState;
const part = {
  certainty: FINAL,
  state: APPROVED,
  result: { outcome: Outcome.PARTIALLY_APPROVED, approvedAmountMinor: 500n },
};
const differs = {
  code: "DUPLICATE_DIFFERS",
  message: "payment_id stands for another payment, it differs in accept_partial",
};

/** Five of twelve fifty, and a terminal that has forgotten it. */
async function approvedInPart(bench: TerminalBench) {
  const paying = bench.pay(inPart);
  const { payment } = await bench.relay.next();
  const wishes = { outcome: Outcome.PARTIALLY_APPROVED, approvedAmountMinor: 500n };
  const result = bench.readerBench.result(payment, wishes);
  const known = {
    recordNumber: RECORD_NUMBER,
    paymentId: ID,
    kind: PaymentKind.SALE,
    amounts: { totalMinor: 1_250n },
    currency: EUR,
  };
  const open = { ...known, state: FORWARDED, certainty: UNKNOWN, nextStep: NextStep.WAIT };
  const ended = { ...known, state: APPROVED, certainty: FINAL, nextStep: NextStep.NONE, result };
  paying.report.catch(() => undefined);
  await bench.replaceTerminal();
  return { open, ended };
}

describe("a forgotten payment of which a part was approved", () => {
  test("is no yes to a till that wants all, and is told to whoever asks for it", async () => {
    await using bench = await TerminalBench.start();
    bench.relay.record = (await approvedInPart(bench)).ended;
    await expect(bench.reported(bench.pay(inFull))).rejects.toMatchObject(differs);
    expect(await bench.terminal.getPayment(ID)).toMatchObject(part);
    // The journal has it as it was: the same till again, and one that takes a part.
    await expect(bench.reported(bench.pay(inFull))).rejects.toMatchObject(differs);
    expect(await bench.reported(bench.pay(inPart))).toMatchObject(part);
  });

  test("is told to a till that takes a part", async () => {
    await using bench = await TerminalBench.start();
    bench.relay.record = (await approvedInPart(bench)).ended;
    expect(await bench.reported(bench.pay(inPart))).toMatchObject(part);
  });

  test("while the repeat waits for its end, is none that it takes for all", async () => {
    await using bench = await TerminalBench.start();
    const { open, ended } = await approvedInPart(bench);
    bench.relay.record = open;
    const again = bench.pay(inFull);
    await bench.until(() => again.heard.includes("recorded"));
    bench.relay.record = ended;
    await expect(bench.reported(again)).rejects.toMatchObject(differs);
    expect(bench.terminal.reportOf(ID)).toMatchObject(part);
  });
});

test("what differs is named", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay(inFull);
  (await bench.relay.next()).answered();
  await paying.report;
  const other = { ...saleOf(1_251n, EUR), paymentId: ID, acceptPartial: true };
  await expect(bench.pay(other).report).rejects.toMatchObject({
    message: "payment_id stands for another payment, it differs in accept_partial, amounts",
  });
});
