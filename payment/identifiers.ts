import { digitsIn } from "./card-number-text.ts";
import { PaymentError } from "./errors.ts";

declare const brand: unique symbol;

/** A `Base` that only its parser can make: `Brand<string, "PaymentId">`. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** UUID in lower case; made by the terminal and stored there before a card is read. */
export type PaymentId = Brand<string, "PaymentId">;
/** 15 characters of [A-Z0-9] (ISO 8583 DE 42). */
export type MerchantId = Brand<string, "MerchantId">;
/** 8 characters of [A-Z0-9] (ISO 8583 DE 41). */
export type TerminalId = Brand<string, "TerminalId">;
/** 1 to 20 characters of [A-Z0-9-]. */
export type ReaderSerial = Brand<string, "ReaderSerial">;
/** 2 characters of the Crockford alphabet; begins every record number of that relay. */
export type RelayId = Brand<string, "RelayId">;

/** A payment for ever: what a repeat is recognised by. */
export interface PaymentKey {
  readonly merchantId: MerchantId;
  readonly paymentId: PaymentId;
}

/** A terminal: each merchant numbers its own, so that two merchants may use one terminal id. */
export interface TerminalKey {
  readonly merchantId: MerchantId;
  readonly terminalId: TerminalId;
}

/** "CORNERCOFFEE001/TILL0001": how a terminal stands in identities, caches and messages. */
export function terminalName({
  merchantId,
  terminalId,
}: Readonly<Record<keyof TerminalKey, string>>): string {
  return `${merchantId}/${terminalId}`;
}

const UUID_SHAPE = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
const QUOTED_MAX = 40;
/** Of a card number at most the first eight may be shown (PCI DSS 3.4.1). */
const QUOTED_DIGITS_MAX = 8;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const PAYMENT_ID_BYTES = 16;
/** The nil and the max UUID (RFC 9562, section 5.9 and 5.10) stand for none. */
const IDS_OF_NOBODY = ["0", "f"].map((digit) => UUID_SHAPE.replaceAll("x", digit));

export function parsePaymentId(text: string, field = "payment_id"): PaymentId {
  const lower = text.toLowerCase();
  if (IDS_OF_NOBODY.includes(lower)) throw malformed(field, "a UUID of its own", "one of nobody");
  if (!UUID.test(lower)) {
    throw malformed(field, "a UUID such as 01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a", whatCame(text));
  }
  return lower as PaymentId;
}

export function paymentIdFromBytes(bytes: Uint8Array, field = "payment_id"): PaymentId {
  if (bytes.length !== PAYMENT_ID_BYTES) {
    throw malformed(field, `${PAYMENT_ID_BYTES} bytes`, `${bytes.length}`);
  }
  const hex = Buffer.from(bytes).toString("hex");
  const text = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
  return parsePaymentId(text, field);
}

export function paymentIdToBytes(id: PaymentId): Uint8Array {
  return new Uint8Array(Buffer.from(id.replaceAll("-", ""), "hex"));
}

/**
 * A UUID version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then `randomness` with
 * version and variant set, so that ids of one terminal sort by time.
 *
 * @param randomness 10 fresh random bytes.
 */
export function newPaymentId(nowMs: number, randomness: Uint8Array): PaymentId {
  const bytes = Buffer.alloc(PAYMENT_ID_BYTES);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes.set(randomness.subarray(0, 10), 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return paymentIdFromBytes(bytes);
}

export const parseMerchantId = (text: string, field = "merchant_id"): MerchantId =>
  matching<MerchantId>(text, /^[A-Z0-9]{15}$/, field, "15 characters of A-Z and 0-9");

export const parseTerminalId = (text: string, field = "terminal_id"): TerminalId =>
  matching<TerminalId>(text, /^[A-Z0-9]{8}$/, field, "8 characters of A-Z and 0-9");

export const parseReaderSerial = (text: string, field = "reader_serial"): ReaderSerial =>
  matching<ReaderSerial>(text, /^[A-Z0-9-]{1,20}$/, field, "1 to 20 characters of A-Z, 0-9 and -");

/** I, L, O and U are left out, as in every Crockford number that people read aloud. */
export const parseRelayId = (text: string, field = "relay_id"): RelayId =>
  matching<RelayId>(
    text,
    /^[0-9A-HJKMNP-TV-Z]{2}$/,
    field,
    "2 characters of 0-9 and A-Z without I, L, O, U",
  );

function matching<Id extends string>(
  text: string,
  shape: RegExp,
  field: string,
  expected: string,
): Id {
  if (!shape.test(text)) throw malformed(field, expected, whatCame(text));
  return text as Id;
}

function malformed(field: string, expected: string, got: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", `${field} must be ${expected}, got ${got}`, {
    field,
  });
}

/** What came, without quoting what may be a card number typed into the wrong field. */
export function whatCame(text: string): string {
  if (text === "") return "nothing";
  const mayBeCard = text.length > QUOTED_MAX || digitsIn(text) > QUOTED_DIGITS_MAX;
  return mayBeCard ? `${text.length} other characters` : JSON.stringify(text);
}
