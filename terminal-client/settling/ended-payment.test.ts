import { describe, expect, test } from "vitest";
import {
  Certainty,
  NextStep,
  Outcome,
  PaymentState,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import { RECORD_NUMBER } from "../../test/fixtures/fake-relay.ts";
import { signedResult } from "../../test/fixtures/signed-results.ts";
import { SALE, type StartedPayment, TerminalBench } from "../../test/fixtures/terminal-bench.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };
const { FINAL, UNKNOWN } = Certainty;
const { APPROVED, REVERSED } = PaymentState;

interface Ending {
  readonly name: string;
  readonly begin: (bench: TerminalBench) => StartedPayment;
  readonly code: string;
  readonly nextStep: NextStep;
}

/** Every way in which a payment ends before its bytes are submitted. */
const ENDINGS: readonly Ending[] = [
  { name: "the cashier gives up", begin: cancelled, code: "CANCELLED", nextStep: NextStep.NONE },
  {
    name: "the holder presses cancel",
    begin: (bench) => atPrepared(bench, () => bench.device.pressCancel()),
    code: "CANCELLED",
    nextStep: NextStep.NONE,
  },
  {
    name: "the card is taken away too early",
    begin: (bench) => atConfirmation(bench, () => bench.device.removeCard()),
    code: "CARD_REMOVED",
    nextStep: NextStep.INSERT_CARD,
  },
  {
    name: "the PIN is missing three times",
    begin: (bench) => bench.pay(sale, { pins: Array(4).fill({ kind: "none" }) }),
    code: "PIN_NOT_ENTERED",
    nextStep: NextStep.ENTER_PIN,
  },
  {
    name: "the session with the reader is lost",
    begin: (bench) => atConfirmation(bench, () => bench.cutReader()),
    code: "STREAM_CUT",
    nextStep: NextStep.NONE,
  },
  {
    name: "the journal can not be written",
    begin: (bench) =>
      atPrepared(bench, async () => {
        bench.files.writesRefused = 1;
        await bench.device.presentCard("visa", 0);
      }),
    code: "STORE_NOT_REACHED",
    nextStep: NextStep.NONE,
  },
];

function cancelled(bench: TerminalBench): StartedPayment {
  const paying = bench.pay(sale, {
    card: "none",
    onEvent: ({ case: name }) => name === "prepared" && paying.cancel(),
  });
  return paying;
}

function atPrepared(bench: TerminalBench, act: () => Promise<unknown>): StartedPayment {
  const onEvent = ({ case: name }: { case: string }) => void (name === "prepared" && act());
  return bench.pay(sale, { card: "none", onEvent });
}

function atConfirmation(bench: TerminalBench, act: () => Promise<unknown>): StartedPayment {
  const onEvent = ({ case: name }: { case: string }) =>
    void (name === "confirmationNeeded" && act());
  return bench.pay(sale, { pins: [], onEvent });
}

const isFinal = (bench: TerminalBench) => () => bench.terminal.reportOf(ID)?.certainty === FINAL;

describe.each(ENDINGS)("$name", ({ begin, code, nextStep }) => {
  test("is final with the processor's tombstone, and still says what to do", async () => {
    await using bench = await TerminalBench.start();
    expect(await bench.reported(begin(bench))).toMatchObject({
      certainty: FINAL,
      state: REVERSED,
      nextStep,
      result: { outcome: Outcome.REVERSED },
      fault: { code, certainty: FINAL, nextStep },
    });
    expect(bench.relay.cancelled).toEqual([ID]);
    expect(bench.relay.submissionCount).toBe(0);
  });

  test("is unknown while no relay answers, and final when one does", async () => {
    await using bench = await TerminalBench.start();
    const silence = Promise.withResolvers<void>();
    bench.relay.beforeCancelling = () => silence.promise;
    const paying = begin(bench);
    expect(await bench.reported(paying)).toMatchObject({
      certainty: UNKNOWN,
      nextStep: NextStep.RETRY_SAME_ID,
      fault: { code, certainty: UNKNOWN, nextStep: NextStep.RETRY_SAME_ID },
    });
    silence.resolve();
    await bench.until(isFinal(bench), 100);
    expect(await bench.pay(sale).report).toMatchObject({ certainty: FINAL, fault: { code } });
  });

  test("says the same after a restart", async () => {
    await using bench = await TerminalBench.start();
    const silence = Promise.withResolvers<void>();
    bench.relay.beforeCancelling = () => silence.promise;
    const { fault } = await bench.reported(begin(bench));
    await bench.crashTerminal();
    await bench.startTerminal();
    silence.resolve();
    await bench.until(isFinal(bench), 100);
    expect(bench.terminal.reportOf(ID)).toMatchObject({
      nextStep,
      fault: { code, message: fault?.message },
    });
  });
});

test("a terminal that stops before the tombstone asks for it when it starts again", async () => {
  await using bench = await TerminalBench.start();
  bench.relay.beforeCancelling = () => {
    throw new PaymentError("OVERLOADED", "said by the test");
  };
  const paying = cancelled(bench);
  expect(await bench.reported(paying)).toMatchObject({ certainty: UNKNOWN });
  await bench.crashTerminal();
  await bench.startTerminal();
  await bench.until(() => bench.terminal.isRelayConnected);
  expect(bench.terminal.reportOf(ID)?.certainty).toBe(UNKNOWN);
  bench.relay.beforeCancelling = () => undefined;
  await bench.until(isFinal(bench), 100);
});

test("a relay that has no room for cancellations leaves it unknown", async () => {
  await using bench = await TerminalBench.start();
  bench.relay.beforeCancelling = () => {
    throw new PaymentError("OVERLOADED", "said by the test", {
      retryAfterMs: 20_000,
    });
  };
  const paying = cancelled(bench);
  expect(await bench.reported(paying)).toMatchObject({
    certainty: UNKNOWN,
    nextStep: NextStep.RETRY_SAME_ID,
    fault: { code: "CANCELLED", certainty: UNKNOWN },
  });
  // It is not asked again before it wants that.
  expect(bench.relay.cancelled.length).toBeLessThan(3);
  bench.relay.beforeCancelling = () => undefined;
  await bench.until(isFinal(bench), 1_000);
});

test.each(["TERMINAL_UNKNOWN", "NOT_PERMITTED", "CERTIFICATE_REJECTED"] as const)(
  "a relay that refuses the cancellation with %s leaves it unknown",
  async (code) => {
    await using bench = await TerminalBench.start();
    bench.relay.beforeCancelling = () => {
      throw new PaymentError(code, "said by the test");
    };
    const paying = cancelled(bench);
    expect(await bench.reported(paying)).toMatchObject({
      certainty: UNKNOWN,
      nextStep: NextStep.RETRY_SAME_ID,
      fault: { code: "CANCELLED", certainty: UNKNOWN },
    });
    bench.relay.beforeCancelling = () => undefined;
    await bench.until(isFinal(bench), 100);
  },
);

test("a cancellation shows the relay whose terminal it is", async () => {
  await using bench = await TerminalBench.start();
  expect(await bench.reported(cancelled(bench))).toMatchObject({ certainty: FINAL });
  const { certificate } = bench.keys.terminal;
  expect(bench.relay.certificatesShown).toMatchObject([{ payload: certificate.payload }]);
});

test("a payment that was charged before the journal was restored is told as charged", async () => {
  await using bench = await TerminalBench.start();
  await bench.until(() => bench.terminal.isRelayConnected);
  const paying = bench.pay(sale, {
    onEvent: ({ case: name }) => {
      if (name === "prepared") older = bench.files.copy();
    },
  });
  let older = bench.files;
  const submission = await bench.relay.next();
  submission.answered();
  await paying.report;
  bench.relay.cancellation = {
    recordNumber: RECORD_NUMBER,
    state: APPROVED,
    certainty: FINAL,
    result: signedResult(bench.keys, submission.payment, { nowMs: bench.clock.nowMs() }),
  };
  await bench.replaceTerminal(older);
  expect(bench.terminal.reportOf(ID)?.certainty).toBe(UNKNOWN);
  await bench.until(isFinal(bench), 100);
  expect(bench.terminal.reportOf(ID)).toMatchObject({
    state: APPROVED,
    receipt: { amountMinor: 1_250n, maskedPan: "************4242" },
  });
});

test("the reader is free while a till waits for a tombstone", async () => {
  await using bench = await TerminalBench.start();
  const silence = Promise.withResolvers<void>();
  bench.relay.beforeCancelling = () => silence.promise;
  const stopped = cancelled(bench);
  await bench.until(() => bench.device.display.lines[0] === "CANCELLED");
  await bench.until(() => bench.relay.cancelled.length > 0);
  const next = bench.pay();
  (await bench.relay.next()).answered();
  expect((await next.report).state).toBe(APPROVED);
  silence.resolve();
  expect((await bench.reported(stopped)).fault?.code).toBe("CANCELLED");
});
