import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  AmountsSchema,
  EntryMode,
  Outcome,
  PaymentKind,
  PinEntry,
  Verification,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  CancelledBy,
  type PreparePaymentSchema,
  ReaderEventKind,
  ShownOutcome,
} from "../gen/cardlane/reader/v1/reader_pb.ts";
import { parseReaderPayment } from "../payment/payment-context.ts";
import { digest, verify } from "../sealing/dsse.ts";
import { certificateIdOf } from "../sealing/key-id.ts";
import { nodeCurves as curves } from "../sealing/node-curves.ts";
import { openCardBox } from "../sealing/open/card-box.ts";
import type { FakeTerminal } from "../test/fixtures/fake-terminal.ts";
import { prepareOf, ReaderBench } from "../test/fixtures/reader-bench.ts";

const cardKey = (bench: ReaderBench) => {
  const [key] = bench.keys.folder("processor").readKeys("card");
  if (key === undefined) throw new Error("no card key");
  return curves.agreement(key.secretKey);
};

describe("a payment", () => {
  test("is signed as it was prepared, confirmed and shown", async () => {
    await using bench = await ReaderBench.start();
    const terminal = await bench.terminal();
    const paymentId = bench.newId();
    terminal.say({ case: "preparePayment", value: { ...prepareOf(), paymentId } });
    const { displayLines } = await terminal.next("prepared");
    expect(displayLines).toEqual(["Corner Coffee", "12.50 EUR", "Insert, tap or swipe card"]);
    expect((await terminal.next("event")).kind).toBe(ReaderEventKind.PROMPT_PRESENT_CARD);

    expect(await bench.device.presentCard("4242 4242 4242 4242", EntryMode.CHIP)).toBe(
      "424242******4242",
    );
    expect((await terminal.next("event")).kind).toBe(ReaderEventKind.CARD_INSERTED);
    expect(await terminal.next("cardRead")).toMatchObject({
      paymentId,
      maskedPan: "424242******4242",
      scheme: "VISA",
      entryMode: EntryMode.CHIP,
      verification: Verification.ONLINE_PIN,
    });

    const pinSource = { case: "pin", value: "1234" } as const;
    terminal.say({ case: "confirm", value: { paymentId, pinSource } });
    const { payment } = await terminal.next("paymentReady");
    const { reader, terminal: till, manifest } = bench.keys;
    const { readerPayment: body, signature } = payment ?? prepareNothing();
    const verifier = curves.verifier(reader.signing.publicKey);
    expect(verify({ type: "reader-payment", body, signature, verifier })).toBe(true);
    const { context, contextBytes, cardBox } = parseReaderPayment(body);
    expect(context.wire).toMatchObject({
      paymentId,
      readerSerial: reader.serial,
      readerCertificateId: certificateIdOf(reader.certificate.payload),
      counter: 1n,
      kind: PaymentKind.SALE,
      currency: 978,
      merchantId: till.merchantId,
      terminalId: till.terminalId,
      terminalCertificateId: certificateIdOf(till.certificate.payload),
      verification: Verification.ONLINE_PIN,
      pinEntry: PinEntry.TERMINAL,
      manifestNumber: manifest.number,
      readerTimeMs: BigInt(bench.clock.nowMs()),
      submitBeforeMs: BigInt(bench.clock.nowMs() + 120_000),
    });
    const contextDigest = digest("payment-context", contextBytes);
    const opened = openCardBox({ agreement: cardKey(bench), contextDigest, sealed: cardBox });
    expect(Buffer.from(opened).includes("4242424242424242")).toBe(true);
  });

  test("takes the PIN on the reader's own keys as well", async () => {
    await using bench = await ReaderBench.start();
    const { terminal, paymentId } = await cardRead(bench);
    terminal.say({
      case: "confirm",
      value: { paymentId, pinSource: { case: "pinOnReader", value: true } },
    });
    expect((await nextEvent(terminal, ReaderEventKind.PIN_ENTRY_STARTED)).paymentId).toEqual(
      paymentId,
    );
    expect(bench.device.display.lines).toContain("Enter PIN");
    await expect(bench.device.typePin("12")).rejects.toThrow("PIN must be 4 to 12 digits");
    await bench.device.typePin("1234");
    const { payment } = await terminal.next("paymentReady");
    const { context } = parseReaderPayment(payment?.readerPayment ?? new Uint8Array());
    expect(context.wire.pinEntry).toBe(PinEntry.READER);
  });

  test("gives the same bytes on every resend, and never a second signature", async () => {
    await using bench = await ReaderBench.start();
    const terminal = await bench.terminal();
    const paymentId = bench.newId();
    const payment = await bench.takePayment(terminal, { paymentId });
    terminal.say({ case: "resendPayment", value: { paymentId } });
    expect((await terminal.next("paymentReady")).payment).toEqual(payment);
    terminal.say({ case: "preparePayment", value: { ...prepareOf(), paymentId } });
    expect(await terminal.next("fault")).toMatchObject({ code: "WRONG_STATE" });
  });
});

function prepareNothing(): never {
  throw new Error("no payment came");
}

async function cardRead(bench: ReaderBench, card = "visa", entryMode = EntryMode.UNSPECIFIED) {
  const terminal = await bench.terminal();
  const paymentId = bench.newId();
  terminal.say({ case: "preparePayment", value: { ...prepareOf(), paymentId } });
  await terminal.next("prepared");
  await bench.device.presentCard(card, entryMode);
  await terminal.next("cardRead");
  return { terminal, paymentId };
}

async function nextEvent(terminal: FakeTerminal, kind: ReaderEventKind) {
  for (;;) {
    const event = await terminal.next("event");
    if (event.kind === kind) return event;
  }
}

type Prepare = MessageInitShape<typeof PreparePaymentSchema>;
const amounts = (parts: MessageInitShape<typeof AmountsSchema>) => create(AmountsSchema, parts);

describe("the prepare command refuses", () => {
  test.each<{ name: string; change: Prepare; code: string; message: string }>([
    {
      name: "an amount of 0",
      change: { amounts: amounts({ totalMinor: 0n }) },
      code: "AMOUNT_OUT_OF_RANGE",
      message: "amounts.total_minor must be 1 to 999999999999 minor units, got 0",
    },
    {
      name: "an amount over the limit",
      change: { amounts: amounts({ totalMinor: 1_000_000_000_000n }) },
      code: "AMOUNT_OUT_OF_RANGE",
      message: "amounts.total_minor must be 1 to 999999999999 minor units, got 1000000000000",
    },
    {
      name: "a tip over the total",
      change: { amounts: amounts({ totalMinor: 1n, tipMinor: 2n }) },
      code: "AMOUNT_OUT_OF_RANGE",
      message: "tip, cashback and surcharge must be at most the total of 1, got 2",
    },
    {
      name: "a currency that does not exist",
      change: { currency: 1 },
      code: "CURRENCY_NOT_ACCEPTED",
      message: "currency must be an ISO 4217 numeric code, got 1",
    },
    {
      name: "a kind without a card",
      change: { kind: PaymentKind.VOID },
      code: "NOT_SUPPORTED",
      message: "the reader takes no card for kind 5",
    },
    {
      name: "a payment id of 15 bytes",
      change: { paymentId: new Uint8Array(15) },
      code: "MALFORMED_REQUEST",
      message: "payment_id must be 16 bytes, got 15",
    },
    {
      name: "a previous payment that was not declined for its PIN",
      change: { previousPaymentId: new Uint8Array(16) },
      code: "WRONG_STATE",
      message:
        "previous_payment_id must be the payment that this reader showed last as declined with 55 or 1A",
    },
  ])("$name", async ({ change, code, message }) => {
    await using bench = await ReaderBench.start();
    const terminal = await bench.terminal();
    const value = { ...prepareOf(), paymentId: bench.newId(), ...change };
    terminal.say({ case: "preparePayment", value });
    expect(await terminal.next("fault")).toMatchObject({ code, message });
    expect(bench.device.display.lines).toEqual(["Welcome"]);
  });

  test("every payment while there is no valid key manifest", async () => {
    await using bench = await ReaderBench.start();
    const terminal = await bench.terminal({ manifest: undefined });
    const value = { ...prepareOf(), paymentId: bench.newId() };
    terminal.say({ case: "preparePayment", value });
    const message = "there is no valid key manifest";
    expect(await terminal.next("fault")).toMatchObject({ code: "KEY_NOT_VALID", message });
  });

  test("a second payment while one is underway", async () => {
    await using bench = await ReaderBench.start();
    const { terminal } = await cardRead(bench);
    const value = { ...prepareOf(), paymentId: bench.newId() };
    terminal.say({ case: "preparePayment", value });
    const message = "the reader does not take prepare in step AWAITING_CONFIRM";
    expect(await terminal.next("fault")).toMatchObject({ code: "READER_BUSY", message });
  });
});

/** Leads a fresh bench to each step that a payment can be in. */
const reaching: Readonly<Record<string, (bench: ReaderBench) => Promise<Reached>>> = {
  AWAITING_CARD: async (bench) => {
    const terminal = await bench.terminal();
    const paymentId = bench.newId();
    terminal.say({ case: "preparePayment", value: { ...prepareOf(), paymentId } });
    await terminal.next("prepared");
    return { terminal, paymentId };
  },
  AWAITING_CONFIRM: (bench) => cardRead(bench),
  AWAITING_PIN: async (bench) => {
    const reached = await cardRead(bench);
    const { terminal, paymentId } = reached;
    const pinSource = { case: "pinOnReader", value: true } as const;
    terminal.say({ case: "confirm", value: { paymentId, pinSource } });
    await nextEvent(terminal, ReaderEventKind.PIN_ENTRY_STARTED);
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
    await nextEvent(terminal, ReaderEventKind.CARD_REMOVED_TOO_EARLY);
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

describe("a PIN", () => {
  test.each([
    { name: "that is missing", pinSource: { case: undefined } },
    { name: "of three digits", pinSource: { case: "pin", value: "123" } },
    { name: "that is not a number", pinSource: { case: "pin", value: "12a4" } },
  ] as const)("$name leaves the payment waiting for another", async ({ pinSource }) => {
    await using bench = await ReaderBench.start();
    const { terminal, paymentId } = await cardRead(bench);
    terminal.say({ case: "confirm", value: { paymentId, pinSource } });
    expect((await terminal.next("fault")).code).toBe("PIN_NOT_ENTERED");
    const right = { case: "pin", value: "1234" } as const;
    terminal.say({ case: "confirm", value: { paymentId, pinSource: right } });
    await terminal.next("paymentReady");
  });

  test("that the chip checks itself is refused by the chip", async () => {
    await using bench = await ReaderBench.start();
    const { terminal, paymentId } = await cardRead(bench, "offline_pin_cvm");
    const confirm = (value: string) =>
      terminal.say({
        case: "confirm",
        value: { paymentId, pinSource: { case: "pin", value } },
      });
    confirm("9999");
    expect((await terminal.next("fault")).message).toBe("the card refused the PIN");
    confirm("1234");
    const { payment } = await terminal.next("paymentReady");
    const { context, pinBox } = parseReaderPayment(payment?.readerPayment ?? new Uint8Array());
    expect(context.wire.verification).toBe(Verification.OFFLINE_PIN);
    expect(pinBox).toHaveLength(0);
  });

  test("may be wrong three times on one presentation of a card", async () => {
    await using bench = await ReaderBench.start();
    const terminal = await bench.terminal();
    let previousPaymentId = bench.newId();
    const declineWrongPin = async (payment: Awaited<ReturnType<ReaderBench["takePayment"]>>) => {
      const outcome = Outcome.DECLINED;
      const result = bench.result(payment, { outcome, responseCode: "55" });
      terminal.say({ case: "showResult", value: { result } });
      expect((await terminal.next("resultShown")).shown).toBe(ShownOutcome.DECLINED);
    };
    await declineWrongPin(await bench.takePayment(terminal, { paymentId: previousPaymentId }));
    for (const attempt of [1, 2]) {
      const paymentId = bench.newId();
      const value = { ...prepareOf({ previousPaymentId }), paymentId };
      terminal.say({ case: "preparePayment", value });
      // No prompt: the card is still there.
      expect((await terminal.next("cardRead", "event")).$typeName).toContain("CardRead");
      const pinSource = { case: "pin", value: `111${attempt}` } as const;
      terminal.say({ case: "confirm", value: { paymentId, pinSource } });
      const { payment } = await terminal.next("paymentReady");
      await declineWrongPin(payment ?? prepareNothing());
      previousPaymentId = paymentId;
    }
    const value = { ...prepareOf({ previousPaymentId }), paymentId: bench.newId() };
    terminal.say({ case: "preparePayment", value });
    await nextEvent(terminal, ReaderEventKind.PROMPT_PRESENT_CARD);
  });

  test("retry needs the same amount", async () => {
    await using bench = await ReaderBench.start();
    const terminal = await bench.terminal();
    const payment = await bench.takePayment(terminal);
    const outcome = Outcome.DECLINED;
    const result = bench.result(payment, { outcome, responseCode: "55" });
    terminal.say({ case: "showResult", value: { result } });
    await terminal.next("resultShown");
    const { context } = parseReaderPayment(payment.readerPayment);
    const previousPaymentId = context.wire.paymentId;
    const wishes = prepareOf({ previousPaymentId, totalMinor: 1_251n });
    terminal.say({ case: "preparePayment", value: { ...wishes, paymentId: bench.newId() } });
    expect((await terminal.next("fault")).code).toBe("WRONG_STATE");
  });

  test("wanted after a tap (1A) asks for the chip, and takes nothing else", async () => {
    await using bench = await ReaderBench.start();
    const terminal = await bench.terminal();
    const tapped = await bench.takePayment(terminal, { card: "online_pin_sca_retry" });
    const outcome = Outcome.DECLINED;
    const result = bench.result(tapped, { outcome, responseCode: "1A" });
    terminal.say({ case: "showResult", value: { result } });
    await terminal.next("resultShown");
    const previousPaymentId = parseReaderPayment(tapped.readerPayment).context.wire.paymentId;
    const value = { ...prepareOf({ previousPaymentId }), paymentId: bench.newId() };
    terminal.say({ case: "preparePayment", value });
    await nextEvent(terminal, ReaderEventKind.PROMPT_INSERT_CARD);
    const tap = bench.device.presentCard("online_pin_sca_retry", EntryMode.CONTACTLESS);
    await expect(tap).rejects.toMatchObject({ code: "CARD_NOT_READ" });
    await bench.device.presentCard("online_pin_sca_retry", EntryMode.CHIP);
    expect((await terminal.next("cardRead")).verification).toBe(Verification.ONLINE_PIN);
  });
});
