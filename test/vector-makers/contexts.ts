import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  EntryMode,
  PaymentContextSchema,
  PaymentKind,
  PinEntry,
  ReaderPaymentSchema,
  Verification,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { parsePaymentId, paymentIdToBytes } from "../../payment/identifiers.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { sha512 } from "../../sealing/curves/hash.ts";
import { digest } from "../../sealing/keys/dsse.ts";
import { bytes, hex, KEYS, repeated, type Vector, type VectorFile } from "./vector.ts";

type ContextInit = MessageInitShape<typeof PaymentContextSchema>;

const GOOD: ContextInit = {
  version: 1,
  paymentId: paymentIdToBytes(parsePaymentId("01932b5e-8c1a-7000-8000-000000000001")),
  readerSerial: "RD-0001",
  readerCertificateId: repeated(0x21, 8),
  counter: 1n,
  kind: PaymentKind.SALE,
  amounts: { totalMinor: 1250n, tipMinor: 50n },
  currency: 978,
  merchantId: "MERCHANT0000001",
  terminalId: "TERM0001",
  terminalCertificateId: repeated(0x22, 8),
  entryMode: EntryMode.CHIP,
  verification: Verification.ONLINE_PIN,
  pinEntry: PinEntry.TERMINAL,
  cardKeyId: KEYS.card.keyId,
  pinKeyId: KEYS.pin.keyId,
  manifestNumber: 1n,
  readerTimeMs: 1_700_000_000_000n,
  submitBeforeMs: 1_700_000_120_000n,
};

/** With no PIN to seal. */
const NO_PIN: ContextInit = {
  verification: Verification.NONE,
  pinEntry: PinEntry.UNSPECIFIED,
  pinKeyId: new Uint8Array(),
};

export function contextBytes(change: ContextInit = {}): Uint8Array {
  return toBinary(
    PaymentContextSchema,
    create(PaymentContextSchema, { ...GOOD, ...change } as ContextInit),
  );
}

/** The boxes are of the right length; what is in them is another question. */
export function readerPayment(
  change: ContextInit = {},
  boxes: { readonly cardBox?: number; readonly pinBox?: number } = {},
): Uint8Array {
  const message = create(ReaderPaymentSchema, {
    context: contextBytes(change),
    cardBox: repeated(0x31, boxes.cardBox ?? 560),
    pinBox: repeated(0x32, boxes.pinBox ?? 176),
  });
  return toBinary(ReaderPaymentSchema, message);
}

const change = (
  name: string,
  why: string,
  expect: string,
  init: ContextInit,
  boxes: Parameters<typeof readerPayment>[1] = {},
): Vector => ({ name, why, given: { reader_payment: hex(readerPayment(init, boxes)) }, expect });

const raw = (name: string, why: string, reader_payment: Uint8Array): Vector => ({
  name,
  why,
  given: { reader_payment: hex(reader_payment) },
  expect: "MALFORMED_REQUEST",
});

const ACCEPTED = "accepted";
const MALFORMED = "MALFORMED_REQUEST";
const AMOUNT = "AMOUNT_OUT_OF_RANGE";
const noPinBox = { pinBox: 0 };

/** May these bytes be a payment, before any key is asked? */
export const contexts: VectorFile = {
  name: "contexts",
  about:
    "reader_payment is a ReaderPayment as a reader signed it. Accept only the one " +
    "canonical serialisation with every field in its range; give H(context) and the " +
    "idempotency digest.",
  vectors: [
    change("a sale with a PIN", "every field is in its range", ACCEPTED, {}),
    change(
      "a sale without a PIN",
      "pin_box is empty, and so are the PIN's fields",
      ACCEPTED,
      NO_PIN,
      noPinBox,
    ),
    change("the smallest amount", "1 is the lowest total", ACCEPTED, {
      amounts: { totalMinor: 1n },
    }),
    change("the greatest amount", "999999999999 is the highest total (DE 4, n 12)", ACCEPTED, {
      amounts: { totalMinor: 999_999_999_999n },
    }),
    change(
      "a balance enquiry",
      "it alone has an amount of 0",
      ACCEPTED,
      { ...NO_PIN, kind: PaymentKind.BALANCE_ENQUIRY, amounts: { totalMinor: 0n } },
      noPinBox,
    ),
    change("an amount of 0", "only a balance enquiry has no amount", AMOUNT, {
      amounts: { totalMinor: 0n },
    }),
    change("one over the limit", "DE 4 has 12 digits", AMOUNT, {
      amounts: { totalMinor: 1_000_000_000_000n },
    }),
    change("a tip greater than the total", "the total includes it", AMOUNT, {
      amounts: { totalMinor: 100n, tipMinor: 101n },
    }),
    change("another layout version", "version is exactly 1", MALFORMED, { version: 2 }),
    change("a payment id of 15 bytes", "a UUID has 16", MALFORMED, {
      paymentId: repeated(0x70, 15),
    }),
    change("counter 0", "the counter begins at 1", MALFORMED, { counter: 0n }),
    change("a kind without a card", "a capture is an instruction, not a card payment", MALFORMED, {
      kind: PaymentKind.CAPTURE,
    }),
    change("no kind", "unspecified is refused on input", MALFORMED, {
      kind: PaymentKind.UNSPECIFIED,
    }),
    change("currency 0", "ISO 4217 numbers begin at 1", "CURRENCY_NOT_ACCEPTED", { currency: 0 }),
    change("a merchant id of 14 characters", "DE 42 has 15", MALFORMED, {
      merchantId: "MERCHANT000001",
    }),
    change("a terminal id in lower case", "DE 41 here is [A-Z0-9]{8}", MALFORMED, {
      terminalId: "term0001",
    }),
    change("a serial with a space", "a serial is [A-Z0-9-]", MALFORMED, { readerSerial: "RD 1" }),
    change("a certificate id of 7 bytes", "an id has 8", MALFORMED, {
      readerCertificateId: repeated(0x21, 7),
    }),
    change("a card box one byte short", "560 bytes, always", MALFORMED, {}, { cardBox: 559 }),
    change("a PIN box one byte long", "176 bytes, or none", MALFORMED, {}, { pinBox: 177 }),
    change(
      "an online PIN without a PIN box",
      "what was verified must be there",
      MALFORMED,
      {},
      noPinBox,
    ),
    change("a PIN box without an online PIN", "nobody asked for it", MALFORMED, NO_PIN),
    raw("nothing", "a message without fields is no payment", new Uint8Array()),
    raw(
      "an unknown field",
      "what is signed has no field that nobody knows",
      Uint8Array.of(...readerPayment(), 0x78, 0x01),
    ),
    raw(
      "a field twice",
      "the second would win in some parsers and the first in others",
      Uint8Array.of(...readerPayment(), ...readerPayment()),
    ),
    raw("cut short", "the last field is not whole", readerPayment().subarray(0, -1)),
  ],
  judge: (given) => {
    const bytesOfPayment = bytes(given, "reader_payment");
    const { contextBytes: context } = parseReaderPayment(bytesOfPayment);
    return {
      context: hex(context),
      context_digest: hex(digest("payment-context", context)),
      idempotency_digest: hex(sha512(bytesOfPayment)),
    };
  },
};
