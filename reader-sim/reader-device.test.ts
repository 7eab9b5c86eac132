import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  AmountsSchema,
  EntryMode,
  PaymentKind,
  PinEntry,
  Verification,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { type PreparePaymentSchema, ReaderEventKind } from "../gen/cardlane/reader/v1/reader_pb.ts";
import { parseReaderPayment } from "../payment/payment-context.ts";
import { certificateIdOf } from "../sealing/curves/hash.ts";
import { nodeCurves as curves } from "../sealing/curves/node-curves.ts";
import { digest, verify } from "../sealing/keys/dsse.ts";
import { openCardBox } from "../sealing/open/boxes.ts";
import { prepareOf, ReaderBench } from "../test/fixtures/reader-bench.ts";

const cardKey = (bench: ReaderBench) => {
  const [key] = bench.keys.folder("processor").readKeys("card");
  if (key === undefined) throw new Error("no card key");
  return curves.agreement(key.secretKey);
};

test("a payment is signed as it was prepared, confirmed and shown", async () => {
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

test("a payment takes the PIN on the reader's own keys as well", async () => {
  await using bench = await ReaderBench.start();
  const { terminal, paymentId } = await bench.cardRead();
  terminal.say({
    case: "confirm",
    value: { paymentId, pinSource: { case: "pinOnReader", value: true } },
  });
  expect((await terminal.event(ReaderEventKind.PIN_ENTRY_STARTED)).paymentId).toEqual(paymentId);
  expect(bench.device.display.lines).toContain("Enter PIN");
  await expect(bench.device.typePin("12")).rejects.toThrow("PIN must be 4 to 12 digits");
  await bench.device.typePin("1234");
  const { payment } = await terminal.next("paymentReady");
  const { context } = parseReaderPayment(payment?.readerPayment ?? new Uint8Array());
  expect(context.wire.pinEntry).toBe(PinEntry.READER);
});

test("a payment gives the same bytes on every resend, and never a second signature", async () => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  const paymentId = bench.newId();
  const payment = await bench.takePayment(terminal, { paymentId });
  terminal.say({ case: "resendPayment", value: { paymentId } });
  expect((await terminal.next("paymentReady")).payment).toEqual(payment);
  terminal.say({ case: "preparePayment", value: { ...prepareOf(), paymentId } });
  expect(await terminal.next("fault")).toMatchObject({ code: "ALREADY_SIGNED" });
});

function prepareNothing(): never {
  throw new Error("no payment came");
}

type Prepare = MessageInitShape<typeof PreparePaymentSchema>;
const amounts = (parts: MessageInitShape<typeof AmountsSchema>) => create(AmountsSchema, parts);

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
    change: { previousPaymentId: new Uint8Array(16).fill(7) },
    code: "WRONG_STATE",
    message:
      "previous_payment_id must be the payment that this reader showed last " +
      "as declined with 55 or 1A",
  },
])("the prepare command refuses $name", async ({ change, code, message }) => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  const value = { ...prepareOf(), paymentId: bench.newId(), ...change };
  terminal.say({ case: "preparePayment", value });
  expect(await terminal.next("fault")).toMatchObject({ code, message });
  expect(bench.device.display.lines).toEqual(["Welcome"]);
});

test("the prepare command refuses every payment while there is no valid key manifest", async () => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal({ manifest: undefined });
  const value = { ...prepareOf(), paymentId: bench.newId() };
  terminal.say({ case: "preparePayment", value });
  const message = "there is no valid key manifest";
  expect(await terminal.next("fault")).toMatchObject({ code: "KEY_NOT_VALID", message });
});

test("the prepare command refuses a second payment while one is underway", async () => {
  await using bench = await ReaderBench.start();
  const { terminal } = await bench.cardRead();
  const value = { ...prepareOf(), paymentId: bench.newId() };
  terminal.say({ case: "preparePayment", value });
  const message = "the reader does not take prepare in step AWAITING_CONFIRM";
  expect(await terminal.next("fault")).toMatchObject({ code: "READER_BUSY", message });
});
