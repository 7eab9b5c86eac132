import { describe, expect, test } from "vitest";
import { EntryMode } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { CancelledBy, ReaderEventKind } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { FakeTerminal } from "../../test/fixtures/fake-terminal.ts";
import { prepareOf, ReaderBench } from "../../test/fixtures/reader-bench.ts";

function prepareNothing(): never {
  throw new Error("no payment came");
}

/** Leads a fresh bench to each step that a payment can be in. */
const reaching: Readonly<Record<string, (bench: ReaderBench) => Promise<Reached>>> = {
  AWAITING_CARD: async (bench) => {
    const terminal = await bench.terminal();
    const paymentId = bench.newId();
    terminal.say({ case: "preparePayment", value: { ...prepareOf(), paymentId } });
    await terminal.next("prepared");
    return { terminal, paymentId };
  },
  AWAITING_CONFIRM: (bench) => bench.cardRead(),
  AWAITING_PIN: async (bench) => {
    const reached = await bench.cardRead();
    const { terminal, paymentId } = reached;
    const pinSource = { case: "pinOnReader", value: true } as const;
    terminal.say({ case: "confirm", value: { paymentId, pinSource } });
    await terminal.event(ReaderEventKind.PIN_ENTRY_STARTED);
    return reached;
  },
  AWAITING_RESULT: async (bench) => {
    const terminal = await bench.terminal();
    const paymentId = bench.newId();
    await bench.takePayment(terminal, { paymentId });
    return { terminal, paymentId };
  },
};

interface Reached {
  readonly terminal: FakeTerminal;
  readonly paymentId: Uint8Array;
}

const allSteps = ["AWAITING_CARD", "AWAITING_CONFIRM", "AWAITING_PIN", "AWAITING_RESULT"];
const unsignedSteps = allSteps.slice(0, 3);
const reach = (bench: ReaderBench, step: string) =>
  (reaching[step] ?? prepareNothing)(bench) as Promise<Reached>;

describe("a payment is stopped in step", () => {
  test.each(allSteps)("%s by the terminal", async (step) => {
    await using bench = await ReaderBench.start();
    const { terminal, paymentId } = await reach(bench, step);
    terminal.say({ case: "cancel", value: { paymentId } });
    const cancelledBy = CancelledBy.TERMINAL;
    expect(await terminal.next("cancelled")).toMatchObject({ paymentId, cancelledBy });
    expect(bench.device.display.lines).toEqual(["CANCELLED", "Nothing was charged"]);
    // What was signed before is gone, and there is room for the next payment.
    terminal.say({ case: "resendPayment", value: { paymentId } });
    expect((await terminal.next("fault")).code).toBe("PAYMENT_NOT_FOUND");
    await bench.takePayment(terminal);
  });

  test.each(unsignedSteps)("%s by the holder's cancel key", async (step) => {
    await using bench = await ReaderBench.start();
    const { terminal, paymentId } = await reach(bench, step);
    await bench.device.pressCancel();
    const cancelledBy = CancelledBy.CARDHOLDER;
    expect(await terminal.next("cancelled")).toMatchObject({ paymentId, cancelledBy });
  });

  test.each([
    { step: "AWAITING_CARD", durationMs: 60_000 },
    { step: "AWAITING_CONFIRM", durationMs: 60_000 },
    { step: "AWAITING_PIN", durationMs: 30_000 },
  ])("$step by the clock, not before $durationMs ms", async ({ step, durationMs }) => {
    await using bench = await ReaderBench.start();
    const { terminal, paymentId } = await reach(bench, step);
    const keepAlive = () => terminal.say({ case: "heartbeat", value: {} });
    for (let left = durationMs - 1; left > 0; left -= 10_000) {
      keepAlive();
      await bench.clock.advance(Math.min(left, 10_000));
    }
    expect(bench.device.display.lines).not.toContain("CANCELLED");
    await bench.clock.advance(1);
    const cancelledBy = CancelledBy.TIMEOUT;
    expect(await terminal.next("cancelled")).toMatchObject({ paymentId, cancelledBy });
  });

  test.each(["AWAITING_CONFIRM", "AWAITING_PIN"])("%s by taking the card away", async (step) => {
    await using bench = await ReaderBench.start();
    const { terminal } = await reach(bench, step);
    expect(await bench.device.removeCard()).toBe(true);
    await terminal.event(ReaderEventKind.CARD_REMOVED_TOO_EARLY);
    expect((await terminal.next("fault")).code).toBe("CARD_REMOVED");
    await bench.takePayment(terminal);
  });

  test.each(unsignedSteps)("%s when the session is lost", async (step) => {
    await using bench = await ReaderBench.start();
    const { terminal } = await reach(bench, step);
    terminal.say({ case: "close", value: {} });
    await terminal.next("close");
    await bench.clock.advance(1);
    expect(bench.device.display.lines).toEqual(["CANCELLED", "Nothing was charged"]);
  });
});

test.each([
  { name: "the cancel key while nothing is underway", step: "none", press: "pressCancel" },
  { name: "the cancel key after the signature", step: "AWAITING_RESULT", press: "pressCancel" },
  { name: "a PIN that nobody asked for", step: "AWAITING_CONFIRM", press: "typePin" },
] as const)("the reader does not take $name", async ({ step, press }) => {
  await using bench = await ReaderBench.start();
  await (reaching[step] ?? (() => undefined))(bench);
  await expect(bench.device[press]("1234")).rejects.toMatchObject({ code: "WRONG_STATE" });
});

test.each([
  { name: "while none is awaited", step: "none", code: "WRONG_STATE" },
  { name: "after one was read", step: "AWAITING_CONFIRM", code: "WRONG_STATE" },
  { name: "that is no test card", step: "AWAITING_CARD", code: "MALFORMED_REQUEST" },
])("the reader takes no card $name", async ({ step, code }) => {
  await using bench = await ReaderBench.start();
  await (reaching[step] ?? (() => undefined))(bench);
  const card = step === "AWAITING_CARD" ? "4111111111111111" : "visa";
  await expect(bench.device.presentCard(card, EntryMode.CHIP)).rejects.toMatchObject({ code });
});
