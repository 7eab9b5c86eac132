import { expect, test } from "vitest";
import { EntryMode, Outcome, Verification } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { ReaderEventKind, ShownOutcome } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { prepareOf, ReaderBench } from "../../test/fixtures/reader-bench.ts";

function prepareNothing(): never {
  throw new Error("no payment came");
}

test.each([
  { name: "that is missing", pinSource: { case: undefined } },
  { name: "of three digits", pinSource: { case: "pin", value: "123" } },
  { name: "that is not a number", pinSource: { case: "pin", value: "12a4" } },
] as const)("a PIN $name leaves the payment waiting for another", async ({ pinSource }) => {
  await using bench = await ReaderBench.start();
  const { terminal, paymentId } = await bench.cardRead();
  terminal.say({ case: "confirm", value: { paymentId, pinSource } });
  expect((await terminal.next("fault")).code).toBe("PIN_NOT_ENTERED");
  const right = { case: "pin", value: "1234" } as const;
  terminal.say({ case: "confirm", value: { paymentId, pinSource: right } });
  await terminal.next("paymentReady");
});

test("a PIN that the chip checks itself is refused by the chip", async () => {
  await using bench = await ReaderBench.start();
  const { terminal, paymentId } = await bench.cardRead("offline_pin_cvm");
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

test("a PIN may be wrong three times on one presentation of a card", async () => {
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
  await terminal.event(ReaderEventKind.PROMPT_PRESENT_CARD);
});

test("a PIN retry needs the same amount", async () => {
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

test("a PIN wanted after a tap (1A) asks for the chip, and takes nothing else", async () => {
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
  await terminal.event(ReaderEventKind.PROMPT_INSERT_CARD);
  const tap = bench.device.presentCard("online_pin_sca_retry", EntryMode.CONTACTLESS);
  await expect(tap).rejects.toMatchObject({ code: "CARD_NOT_READ" });
  await bench.device.presentCard("online_pin_sca_retry", EntryMode.CHIP);
  expect((await terminal.next("cardRead")).verification).toBe(Verification.ONLINE_PIN);
});
