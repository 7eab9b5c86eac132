import {
  type Amounts,
  EntryMode,
  type PaymentContext,
  PaymentContextSchema,
  PaymentKind,
  PinEntry,
  type ReaderPayment,
  ReaderPaymentSchema,
  Verification,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentError } from "./errors.ts";
import {
  type MerchantId,
  type PaymentId,
  parseMerchantId,
  parseReaderSerial,
  parseTerminalId,
  paymentIdFromBytes,
  type ReaderSerial,
  type TerminalId,
} from "./identifiers.ts";
import { kindRules } from "./kinds.ts";
import { AMOUNT_MINOR_MAX, type CurrencyCode, parseAmountMinor, parseCurrency } from "./money.ts";
import { strictDecode } from "./wire/strict-decode.ts";

/** Lengths of docs/protocol/limits.md, in bytes. */
export const CARD_BOX_BYTES = 560;
export const PIN_BOX_BYTES = 176;
export const READER_PAYMENT_BYTES_MAX = 1_200;
/** How long after the reader signed a payment may be submitted for the first time. */
export const SUBMIT_WITHIN_MS = 120_000;
/** The end of the year 9999: beyond it a time has no date of 14 digits (DE 12, 13). */
const TIME_MS_MAX = 253_402_300_799_999n;

/** A context whose every field was checked. `wire` is the decoded message with the rest. */
export interface CheckedContext {
  readonly paymentId: PaymentId;
  readonly previousPaymentId: PaymentId | undefined;
  readonly readerSerial: ReaderSerial;
  readonly merchantId: MerchantId;
  readonly terminalId: TerminalId;
  readonly kind: PaymentKind;
  readonly amounts: Amounts;
  readonly currency: CurrencyCode;
  readonly wire: PaymentContext;
}

/** The signed bytes taken apart: the boxes stay sealed. */
export interface CheckedReaderPayment {
  /** As the reader serialised it; what H(context) is over. */
  readonly contextBytes: Uint8Array;
  readonly context: CheckedContext;
  readonly cardBox: Uint8Array;
  /** Empty without an online PIN. */
  readonly pinBox: Uint8Array;
}

/**
 * Takes reader_payment bytes apart and checks every field. Call it after the signature was verified
 * over the same bytes.
 *
 * @throws PaymentError MALFORMED_REQUEST, AMOUNT_OUT_OF_RANGE or CURRENCY_NOT_ACCEPTED.
 */
export function parseReaderPayment(bytes: Uint8Array): CheckedReaderPayment {
  const wire: ReaderPayment = decodeReaderPayment(bytes);
  const context = parsePaymentContext(wire.context);
  requireLength("card_box", wire.cardBox, CARD_BOX_BYTES);
  const hasOnlinePin = context.wire.verification === Verification.ONLINE_PIN;
  requireLength("pin_box", wire.pinBox, hasOnlinePin ? PIN_BOX_BYTES : 0);
  return { contextBytes: wire.context, context, cardBox: wire.cardBox, pinBox: wire.pinBox };
}

/** Reads the frame around the context only, for finding the key that must have signed. */
export function decodeReaderPayment(bytes: Uint8Array): ReaderPayment {
  if (bytes.length === 0 || bytes.length > READER_PAYMENT_BYTES_MAX) {
    const expected = `1 to ${READER_PAYMENT_BYTES_MAX} bytes`;
    throw malformed("reader_payment", `must be ${expected}, got ${bytes.length}`);
  }
  return strictDecode(ReaderPaymentSchema, bytes, "reader_payment");
}

export function parsePaymentContext(bytes: Uint8Array): CheckedContext {
  const wire = strictDecode(PaymentContextSchema, bytes, "context");
  if (wire.version !== 1) throw malformed("version", `must be 1, got ${wire.version}`);
  if (kindRules(wire.kind).signedBy !== "reader") {
    throw malformed("kind", `must be one that a reader starts, got ${wire.kind}`);
  }
  requireKnown("entry_mode", wire.entryMode, EntryMode);
  requireKnown("verification", wire.verification, Verification);
  requireLength("reader_certificate_id", wire.readerCertificateId, 8);
  requireLength("terminal_certificate_id", wire.terminalCertificateId, 8);
  requireLength("card_key_id", wire.cardKeyId, 8);
  const hasOnlinePin = wire.verification === Verification.ONLINE_PIN;
  requireLength("pin_key_id", wire.pinKeyId, hasOnlinePin ? 8 : 0);
  if (hasOnlinePin === (wire.pinEntry === PinEntry.UNSPECIFIED)) {
    throw malformed("pin_entry", "must be given with an online PIN and only then");
  }
  if (wire.counter < 1n) throw malformed("counter", `must be 1 or more, got ${wire.counter}`);
  requireTimes(wire);
  return {
    paymentId: paymentIdFromBytes(wire.paymentId),
    previousPaymentId: parsePrevious(wire.previousPaymentId),
    readerSerial: parseReaderSerial(wire.readerSerial),
    merchantId: parseMerchantId(wire.merchantId),
    terminalId: parseTerminalId(wire.terminalId),
    kind: wire.kind,
    amounts: parseAmounts(wire.amounts, wire.kind),
    currency: parseCurrency(wire.currency),
    wire,
  };
}

/** A reader whose clock is wrong may not keep its payments good for longer, nor break a date. */
function requireTimes({ kind, readerTimeMs, submitBeforeMs }: PaymentContext): void {
  if (readerTimeMs < 0n || readerTimeMs > TIME_MS_MAX) {
    throw malformed("reader_time_ms", `must be 0 to ${TIME_MS_MAX}, got ${readerTimeMs}`);
  }
  const { isOffline } = kindRules(kind);
  const latestMs = isOffline ? TIME_MS_MAX : readerTimeMs + BigInt(SUBMIT_WITHIN_MS);
  if (submitBeforeMs < 0n || submitBeforeMs > latestMs) {
    throw malformed("submit_before_ms", `must be 0 to ${latestMs}, got ${submitBeforeMs}`);
  }
}

/** Checks the total against its range and its parts against the total. */
export function parseAmounts(amounts: Amounts | undefined, kind: PaymentKind): Amounts {
  if (amounts === undefined) throw malformed("amounts", "is required, got nothing");
  const { totalMinor, tipMinor, cashbackMinor, surchargeMinor } = amounts;
  if (kind === PaymentKind.BALANCE_ENQUIRY) {
    if (totalMinor !== 0n) {
      throw new PaymentError(
        "AMOUNT_OUT_OF_RANGE",
        `amounts.total_minor of a balance enquiry must be 0, got ${totalMinor}`,
        { field: "amounts.total_minor" },
      );
    }
    return amounts;
  }
  parseAmountMinor(totalMinor);
  const parts = tipMinor + cashbackMinor + surchargeMinor;
  if (parts > totalMinor || parts > AMOUNT_MINOR_MAX) {
    throw new PaymentError(
      "AMOUNT_OUT_OF_RANGE",
      `tip, cashback and surcharge must be at most the total of ${totalMinor}, got ${parts}`,
      { field: "amounts" },
    );
  }
  return amounts;
}

/** Whether total and parts are the same, each of them. */
export function hasSameAmounts(left: AmountParts, right: AmountParts): boolean {
  return AMOUNT_PARTS.every((part) => left[part] === right[part]);
}

/** A total and what of it is tip, cashback and surcharge; in minor units. */
export type AmountParts = Pick<Amounts, (typeof AMOUNT_PARTS)[number]>;

const AMOUNT_PARTS = ["totalMinor", "tipMinor", "cashbackMinor", "surchargeMinor"] as const;

function parsePrevious(bytes: Uint8Array): PaymentId | undefined {
  return bytes.length === 0 ? undefined : paymentIdFromBytes(bytes, "previous_payment_id");
}

function requireLength(field: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw malformed(field, `must be ${length} bytes, got ${bytes.length}`);
  }
}

function requireKnown(field: string, value: number, known: Record<string, number>): void {
  if (value === 0 || !Object.values(known).includes(value)) {
    throw malformed(field, `must be a known value, got ${value}`);
  }
}

function malformed(field: string, problem: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", `${field} ${problem}`, { field });
}
