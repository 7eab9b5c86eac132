import { describe, expect, test } from "vitest";
import {
  Certainty,
  NextStep,
  Outcome,
  PaymentState,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { ShownOutcome } from "../gen/cardlane/reader/v1/reader_pb.ts";
import { parsePaymentId } from "../payment/identifiers.ts";
import { RECORD_NUMBER } from "../test/fixtures/fake-relay.ts";
import { EUR, SALE, TerminalBench } from "../test/fixtures/terminal-bench.ts";
import { saleOf } from "./payment-request.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };
const { FINAL } = Certainty;

test("a payment that is approved: every event, the report, the receipt, the display", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay();
  const submission = await bench.relay.next();
  submission.recorded();
  submission.answered();
  const report = await paying.report;
  expect(paying.heard).toEqual([
    "started",
    "prepared",
    "confirmationNeeded",
    "submitted",
    "recorded",
  ]);
  expect(report).toMatchObject({
    recordNumber: RECORD_NUMBER,
    certainty: FINAL,
    nextStep: NextStep.NONE,
    state: PaymentState.APPROVED,
    shown: ShownOutcome.APPROVED,
    receipt: {
      merchantName: "Corner Coffee",
      amountMinor: 1_250n,
      maskedPan: "************4242",
      recordNumber: RECORD_NUMBER,
      approvalCode: "A1B2C3",
      outcome: Outcome.APPROVED,
    },
  });
  expect(bench.device.display.lines).toEqual(["APPROVED", "12.50 EUR"]);
  expect(bench.terminal.readerSerial).toBe(bench.keys.reader.serial);
  const journal = new TextDecoder().decode(
    await bench.files.read(`payment-${report.paymentId}.json`),
  );
  expect(JSON.parse(journal)).not.toHaveProperty("signed");
});

test.each([
  { code: "51", nextStep: NextStep.USE_ANOTHER_CARD },
  { code: "55", nextStep: NextStep.ENTER_PIN },
  { code: "1A", nextStep: NextStep.INSERT_CARD },
])("a payment that is declined with $code says what to do next", async ({ code, nextStep }) => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay();
  const submission = await bench.relay.next();
  submission.answered({ outcome: Outcome.DECLINED, responseCode: code });
  expect(await paying.report).toMatchObject({
    certainty: FINAL,
    nextStep,
    state: PaymentState.DECLINED,
    shown: ShownOutcome.DECLINED,
  });
});

test("a payment that the relay cannot take just now is sent again", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay();
  (await bench.relay.next()).refused("OVERLOADED", 250);
  await bench.until(() => bench.relay.submissionCount === 2);
  const again = await bench.relay.next();
  again.answered();
  expect((await paying.report).state).toBe(PaymentState.APPROVED);
});

test("a payment with a wrong PIN is repeated on the same presentation of the card", async () => {
  await using bench = await TerminalBench.start();
  const first = bench.pay();
  (await bench.relay.next()).answered({ outcome: Outcome.DECLINED, responseCode: "55" });
  const previousPaymentId = parsePaymentId((await first.report).paymentId);
  const second = bench.pay({ ...SALE, previousPaymentId }, { card: "none" });
  (await bench.relay.next()).answered();
  expect((await second.report).state).toBe(PaymentState.APPROVED);
});

describe("a payment is stopped, and nothing was submitted", () => {
  test.each(["prepared", "confirmationNeeded"])("by the till when it hears %s", async (moment) => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(SALE, {
      card: moment === "prepared" ? "none" : "visa",
      pins: [],
      onEvent: (event) => event.case === moment && paying.cancel(),
    });
    expect(await paying.report).toMatchObject({
      certainty: FINAL,
      nextStep: NextStep.NONE,
      fault: { code: "CANCELLED", message: "the payment was stopped by: terminal" },
    });
    expect(bench.relay.submissionCount).toBe(0);
    expect(bench.device.display.lines[0]).toBe("CANCELLED");
  });

  test("by the holder of the card", async () => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(SALE, {
      card: "none",
      onEvent: ({ case: name }) => name === "prepared" && void bench.device.pressCancel(),
    });
    const { fault } = await paying.report;
    expect(fault?.message).toBe("the payment was stopped by: cardholder");
  });

  test("when nobody presents a card", async () => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(SALE, { card: "none" });
    await bench.until(() => paying.heard.includes("prepared"));
    let isOver = false;
    void paying.report.then(() => {
      isOver = true;
    });
    await bench.until(() => isOver, 1_000);
    expect((await paying.report).fault?.message).toBe("the payment was stopped by: timeout");
  });

  test("when the PIN is missing three times", async () => {
    await using bench = await TerminalBench.start();
    const none = { kind: "none" } as const;
    const paying = bench.pay(SALE, { pins: [none, none, none, none] });
    expect((await paying.report).fault?.code).toBe("PIN_NOT_ENTERED");
    expect(paying.heard.filter((name) => name === "confirmationNeeded")).toHaveLength(3);
    expect(bench.relay.submissionCount).toBe(0);
  });

  test("and the reader is free for the next one", async () => {
    await using bench = await TerminalBench.start();
    const stopped = bench.pay(SALE, {
      card: "none",
      onEvent: ({ case: name }) => name === "prepared" && stopped.cancel(),
    });
    await stopped.report;
    const next = bench.pay();
    (await bench.relay.next()).answered();
    expect((await next.report).state).toBe(PaymentState.APPROVED);
  });
});

describe("the same payment id again", () => {
  test("gives the report of the first time, and submits nothing", async () => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(sale);
    (await bench.relay.next()).answered();
    const report = await paying.report;
    const again = bench.pay(sale);
    expect(await again.report).toEqual(report);
    expect(again.heard).toEqual(["started"]);
    expect(bench.relay.submissionCount).toBe(1);
  });

  test.each([
    { name: "amount", request: { ...sale, ...saleOf(1_251n, EUR), paymentId: ID } },
    { name: "partial approval", request: { ...sale, acceptPartial: true } },
  ])("with another $name is refused", async ({ request }) => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(sale);
    (await bench.relay.next()).answered();
    await paying.report;
    await expect(bench.pay(request).report).rejects.toMatchObject({ code: "DUPLICATE_DIFFERS" });
  });

  test("while its answer is awaited waits with it", async () => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(sale);
    const submission = await bench.relay.next();
    const again = bench.pay(sale);
    submission.answered();
    expect(await again.report).toEqual(await paying.report);
    expect(bench.relay.submissionCount).toBe(1);
  });
});
