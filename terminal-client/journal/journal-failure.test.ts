import { describe, expect, test } from "vitest";
import { Certainty, NextStep, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import { SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";
import type { PayEvent } from "../till/till.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };
const { APPROVED } = PaymentState;

/** From that event on so many writes find no room. */
const fullAt =
  (bench: TerminalBench, name: PayEvent["case"], times = Number.POSITIVE_INFINITY) =>
  (event: PayEvent) => {
    if (event.case === name) bench.files.writesRefused = times;
  };

async function expectNextToWork(bench: TerminalBench): Promise<void> {
  const next = bench.pay();
  (await bench.relay.next()).answered();
  expect((await next.report).state).toBe(APPROVED);
}

const unwritten = {
  code: "STORE_NOT_REACHED",
  message: "the terminal can not write its journal: is its disk full or damaged?",
};

describe("a journal that can not be written", () => {
  test("from the start: nothing is begun, and later the same id works", async () => {
    await using bench = await TerminalBench.start();
    await bench.until(() => bench.terminal.isRelayConnected);
    bench.files.writesRefused = Number.POSITIVE_INFINITY;
    await expect(bench.pay(sale).report).rejects.toMatchObject(unwritten);
    bench.files.writesRefused = 0;
    const again = bench.pay(sale);
    (await bench.relay.next()).answered();
    expect((await again.report).state).toBe(APPROVED);
  });

  test("before the signature: the same id is nothing done, once there is room", async () => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(sale, { onEvent: fullAt(bench, "prepared") });
    await expect(paying.report).rejects.toMatchObject(unwritten);
    expect(bench.relay.submissionCount).toBe(0);
    await expect(bench.pay(sale).report).rejects.toMatchObject(unwritten);
    bench.files.writesRefused = 0;
    expect(await bench.pay(sale).report).toMatchObject({
      certainty: Certainty.FINAL,
      nextStep: NextStep.NONE,
      fault: { code: "CANCELLED" },
    });
    await expectNextToWork(bench);
  });

  test("at the signature alone: the report says that nothing was charged, and why", async () => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(sale, { onEvent: fullAt(bench, "prepared", 1) });
    expect(await paying.report).toMatchObject({
      certainty: Certainty.FINAL,
      nextStep: NextStep.NONE,
      fault: { code: "STORE_NOT_REACHED" },
    });
    expect(bench.relay.submissionCount).toBe(0);
    await bench.until(() => bench.device.display.lines[0] === "CANCELLED");
    await expectNextToWork(bench);
  });

  test("at the end: the same id gives the end, once there is room", async () => {
    await using bench = await TerminalBench.start();
    const paying = bench.pay(sale, { onEvent: fullAt(bench, "submitted") });
    (await bench.relay.next()).answered();
    await expect(paying.report).rejects.toMatchObject(unwritten);
    expect(bench.terminal.reportOf(ID)?.certainty).toBe(Certainty.UNKNOWN);
    bench.files.writesRefused = 0;
    bench.relay.onSubmit = (submission) => submission.answered();
    expect((await bench.pay(sale).report).state).toBe(APPROVED);
  });
});
