import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  EntryMode,
  PaymentContextSchema,
  PaymentKind,
  PinEntry,
  ReaderPaymentSchema,
  Verification,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { errorFrom } from "../test/error-from.ts";
import { newPaymentId, paymentIdToBytes } from "./identifiers.ts";
import { CARD_BOX_BYTES, PIN_BOX_BYTES, parseReaderPayment } from "./payment-context.ts";

type ContextInit = MessageInitShape<typeof PaymentContextSchema>;

const paymentId = newPaymentId(1_700_000_000_000, new Uint8Array(10));
const good = {
  version: 1,
  paymentId: paymentIdToBytes(paymentId),
  readerSerial: "RD-0001",
  readerCertificateId: new Uint8Array(8).fill(1),
  counter: 1n,
  kind: PaymentKind.SALE,
  amounts: { totalMinor: 1250n, tipMinor: 50n },
  currency: 978,
  merchantId: "MERCHANT0000001",
  terminalId: "TERM0001",
  terminalCertificateId: new Uint8Array(8).fill(2),
  entryMode: EntryMode.CHIP,
  verification: Verification.ONLINE_PIN,
  pinEntry: PinEntry.TERMINAL,
  cardKeyId: new Uint8Array(8).fill(3),
  pinKeyId: new Uint8Array(8).fill(4),
  manifestNumber: 1n,
  readerTimeMs: 1_700_000_000_000n,
  submitBeforeMs: 1_700_000_120_000n,
} satisfies ContextInit;

function readerPayment(change: ContextInit = {}, boxes: { card?: number; pin?: number } = {}) {
  const context = toBinary(
    PaymentContextSchema,
    create(PaymentContextSchema, { ...good, ...change } as ContextInit),
  );
  const message = create(ReaderPaymentSchema, {
    context,
    cardBox: new Uint8Array(boxes.card ?? CARD_BOX_BYTES),
    pinBox: new Uint8Array(boxes.pin ?? PIN_BOX_BYTES),
  });
  return toBinary(ReaderPaymentSchema, message);
}

test("takes a payment apart", () => {
  const { context, cardBox, pinBox } = parseReaderPayment(readerPayment());
  expect(context).toMatchObject({ paymentId, readerSerial: "RD-0001", currency: 978 });
  expect(context.amounts.totalMinor).toBe(1250n);
  expect([cardBox.length, pinBox.length]).toEqual([560, 176]);
});

const withoutPin: ContextInit = {
  verification: Verification.NONE,
  pinEntry: PinEntry.UNSPECIFIED,
  pinKeyId: new Uint8Array(0),
};

test.each([
  { name: "a payment without PIN", change: withoutPin, boxes: { pin: 0 } },
  {
    name: "a balance enquiry of nothing",
    change: { kind: PaymentKind.BALANCE_ENQUIRY, amounts: {} },
    boxes: {},
  },
  {
    name: "a total that is all tip",
    change: { amounts: { totalMinor: 5n, tipMinor: 5n } },
    boxes: {},
  },
  { name: "the largest amount", change: { amounts: { totalMinor: 999_999_999_999n } }, boxes: {} },
])("accepts $name", ({ change, boxes }) => {
  expect(parseReaderPayment(readerPayment(change, boxes)).context.paymentId).toBe(paymentId);
});

const refusals: readonly { name: string; change: ContextInit; code: string; field: string }[] = [
  { name: "version 2", change: { version: 2 }, code: "MALFORMED_REQUEST", field: "version" },
  { name: "amount 0", change: { amounts: {} }, code: "AMOUNT_OUT_OF_RANGE", field: "total_minor" },
  {
    name: "an amount over the limit",
    change: { amounts: { totalMinor: 1_000_000_000_000n } },
    code: "AMOUNT_OUT_OF_RANGE",
    field: "total_minor",
  },
  {
    name: "parts over the total",
    change: { amounts: { totalMinor: 10n, tipMinor: 6n, cashbackMinor: 5n } },
    code: "AMOUNT_OUT_OF_RANGE",
    field: "tip, cashback and surcharge",
  },
  {
    name: "an amount to enquire a balance",
    change: { kind: PaymentKind.BALANCE_ENQUIRY },
    code: "AMOUNT_OUT_OF_RANGE",
    field: "balance enquiry",
  },
  { name: "currency 1", change: { currency: 1 }, code: "CURRENCY_NOT_ACCEPTED", field: "currency" },
  { name: "no kind", change: { kind: 0 }, code: "MALFORMED_REQUEST", field: "kind" },
  {
    name: "a capture",
    change: { kind: PaymentKind.CAPTURE },
    code: "MALFORMED_REQUEST",
    field: "kind",
  },
  {
    name: "no entry mode",
    change: { entryMode: 0 },
    code: "MALFORMED_REQUEST",
    field: "entry_mode",
  },
  {
    name: "an unknown entry mode",
    change: { entryMode: 77 as EntryMode },
    code: "MALFORMED_REQUEST",
    field: "entry_mode",
  },
  {
    name: "no verification",
    change: { verification: 0 },
    code: "MALFORMED_REQUEST",
    field: "verification",
  },
  { name: "counter 0", change: { counter: 0n }, code: "MALFORMED_REQUEST", field: "counter" },
  {
    name: "a reader's time that is no date",
    change: { readerTimeMs: 9n * 10n ** 18n, submitBeforeMs: 9n * 10n ** 18n },
    code: "MALFORMED_REQUEST",
    field: "reader_time_ms",
  },
  {
    name: "more than two minutes to submit it",
    change: { submitBeforeMs: 1_700_000_120_001n },
    code: "MALFORMED_REQUEST",
    field: "submit_before_ms",
  },
  {
    name: "an end before all time",
    change: { submitBeforeMs: -1n },
    code: "MALFORMED_REQUEST",
    field: "submit_before_ms",
  },
  {
    name: "a short card key id",
    change: { cardKeyId: new Uint8Array(7) },
    code: "MALFORMED_REQUEST",
    field: "card_key_id",
  },
  {
    name: "a PIN without its key id",
    change: { pinKeyId: new Uint8Array(0) },
    code: "MALFORMED_REQUEST",
    field: "pin_key_id",
  },
  {
    name: "a PIN typed nowhere",
    change: { pinEntry: 0 },
    code: "MALFORMED_REQUEST",
    field: "pin_entry",
  },
  {
    name: "a short payment id",
    change: { paymentId: new Uint8Array(3) },
    code: "MALFORMED_REQUEST",
    field: "payment_id",
  },
  {
    name: "a short previous id",
    change: { previousPaymentId: new Uint8Array(3) },
    code: "MALFORMED_REQUEST",
    field: "previous_payment_id",
  },
  {
    name: "a merchant in lower case",
    change: { merchantId: "merchant0000001" },
    code: "MALFORMED_REQUEST",
    field: "merchant_id",
  },
];

test.each(refusals)("refuses $name", ({ change, code, field }) => {
  const error = errorFrom(() => parseReaderPayment(readerPayment(change)));
  expect(error.code).toBe(code);
  expect(error.message).toContain(field);
});

test.each([
  {
    name: "a card box of 559 bytes",
    boxes: { card: 559 },
    message: "card_box must be 560 bytes, got 559",
  },
  {
    name: "a PIN box of 177 bytes",
    boxes: { pin: 177 },
    message: "pin_box must be 176 bytes, got 177",
  },
  { name: "a missing PIN box", boxes: { pin: 0 }, message: "pin_box must be 176 bytes, got 0" },
])("refuses $name", ({ boxes, message }) => {
  expect(errorFrom(() => parseReaderPayment(readerPayment({}, boxes)))).toEqual({
    code: "MALFORMED_REQUEST",
    message,
  });
});

const bytes = readerPayment();
test.each([
  { name: "no bytes", given: new Uint8Array(0) },
  { name: "too many bytes", given: new Uint8Array(1_201) },
  { name: "garbage", given: new Uint8Array(100).fill(0xff) },
  { name: "an unknown field", given: Uint8Array.of(...bytes, 0x78, 0x01) },
  { name: "a field given twice", given: Uint8Array.of(...bytes, ...bytes) },
  { name: "a cut message", given: bytes.slice(0, -1) },
  {
    name: "a padded length",
    given: Uint8Array.of(bytes[0] ?? 0, 0xf0, 0x81, 0x00, ...bytes.slice(3)),
  },
])("refuses $name: only one serialisation counts", ({ given }) => {
  expect(errorFrom(() => parseReaderPayment(given)).code).toBe("MALFORMED_REQUEST");
});
