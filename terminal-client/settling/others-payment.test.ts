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
import type { ResultWishes } from "../../test/fixtures/signed-results.ts";
import { EUR, SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };
const { FINAL, UNKNOWN } = Certainty;
const { APPROVED, REVERSED } = PaymentState;

/** Of bytes that this terminal's reader did not sign just now. */
const otherBytes = { contextDigest: new Uint8Array(64).fill(7) };
const undone = { outcome: Outcome.REVERSED, responseCode: "68" };
/** The relay has an accomplice with a registered reader, who paid with this id at his own shop. */
const theirs = { ...otherBytes, merchantId: "ANOTHERSHOP0001", readerSerial: "ACCOMPLICE-0001" };
/** Signed by a processor that did not name the merchant yet. */
const nobodys = { ...otherBytes, merchantId: "" };

const NO_ENDS: readonly { name: string; result: ResultWishes }[] = [
  { name: "another merchant's approval", result: theirs },
  { name: "another merchant's tombstone", result: { ...theirs, ...undone } },
  { name: "an approval that names no merchant", result: nobodys },
  { name: "a tombstone that names no merchant", result: { ...nobodys, ...undone } },
];

const recordOf = (state: PaymentState) => ({
  recordNumber: RECORD_NUMBER,
  paymentId: ID,
  state,
  certainty: FINAL,
  nextStep: NextStep.NONE,
  kind: PaymentKind.SALE,
  amounts: { totalMinor: 1_250n },
  currency: EUR,
});

/** Pays; the relay refuses the bytes as a duplicate, and shows a result of the id. */
async function refused(bench: TerminalBench, wishes: ResultWishes) {
  const paying = bench.pay(sale);
  const submission = await bench.relay.next();
  show(bench, submission, wishes);
  submission.refused("DUPLICATE_DIFFERS");
  return { report: await bench.reported(paying), submission };
}

/** Pays; terminal and reader forget it, and the relay shows a result of the id. */
async function forgotten(bench: TerminalBench, wishes: ResultWishes) {
  const paying = bench.pay(sale);
  const submission = await bench.relay.next();
  submission.answered();
  await paying.report;
  show(bench, submission, wishes);
  await bench.readerBench.forget();
  await bench.replaceTerminal();
  return { report: await bench.reported(bench.pay(sale)), submission };
}

function show(bench: TerminalBench, { payment }: Shown, wishes: ResultWishes): void {
  const state = wishes.outcome === Outcome.REVERSED ? REVERSED : APPROVED;
  bench.relay.record = { ...recordOf(state), result: bench.readerBench.result(payment, wishes) };
}

type Shown = Pick<Awaited<ReturnType<TerminalBench["relay"]["next"]>>, "payment">;

describe.each([
  { of: "a payment that the relay refuses as a duplicate", told: refused },
  { of: "a payment that terminal and reader have forgotten", told: forgotten },
])("$of is not ended", ({ told }) => {
  test.each([
    ...NO_ENDS,
    {
      name: "another merchant's approval of another amount",
      result: { ...theirs, approvedAmountMinor: 1n },
    },
  ])("by $name", async ({ result }) => {
    await using bench = await TerminalBench.start(() => ({ answerMsMax: 2_000 }));
    const { report, submission } = await told(bench, result);
    expect(report.certainty).toBe(UNKNOWN);
    // The processor had approved it all the while.
    show(bench, submission, {});
    await bench.until(() => bench.terminal.reportOf(ID)?.certainty === FINAL, 1_000);
    expect(bench.terminal.reportOf(ID)?.state).toBe(APPROVED);
  });
});

describe("this merchant's tombstone of an earlier attempt ends", () => {
  test.each([
    { of: "a payment that the relay refuses as a duplicate", told: refused },
    { of: "a payment that terminal and reader have forgotten", told: forgotten },
  ])("$of", async ({ told }) => {
    await using bench = await TerminalBench.start();
    const { report } = await told(bench, { ...otherBytes, ...undone });
    expect(report).toMatchObject({ certainty: FINAL, state: REVERSED });
  });
});

test("a result that names no merchant ends the payment whose bytes it answers", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay(sale);
  const submission = await bench.relay.next();
  submission.answered({ merchantId: "" });
  expect(await bench.reported(paying)).toMatchObject({ certainty: FINAL, state: APPROVED });
});

describe("bytes that were signed once more, of a forgotten payment,", () => {
  test.each([
    { name: "end as the earlier ones did", result: otherBytes, code: undefined },
    {
      name: "are refused where the earlier ones had other terms",
      result: { ...otherBytes, approvedAmountMinor: 1n },
      code: "DUPLICATE_DIFFERS",
    },
  ])("$name", async ({ result, code }) => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(sale);
    (await bench.relay.next()).answered(result);
    const report = await bench.reported(paying);
    expect(report.certainty).toBe(FINAL);
    expect(report.fault?.code).toBe(code);
  });

  test.each(NO_ENDS)("are not ended by $name", async ({ result }) => {
    await using bench = await TerminalBench.start(() => ({ answerMsMax: 2_000 }));
    const paying = bench.pay(sale);
    (await bench.relay.next()).answered(result);
    expect((await bench.reported(paying)).certainty).toBe(UNKNOWN);
  });
});
