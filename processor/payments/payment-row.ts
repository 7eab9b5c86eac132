import type { PaymentKey } from "../../payment/identifiers.ts";
import type { AmountParts } from "../../payment/payment-context.ts";
import type { StateName } from "../../payment/states.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";
import { equalBytes, isAllZero } from "../../sealing/bytes.ts";

/** The processor's states; TOMBSTONE: reversed before it ever came. */
export type ProcessorState =
  | Extract<StateName, "APPROVED" | "AUTHORIZED" | "DECLINED" | "REVERSED">
  | "TOMBSTONE";

/** A result as it was signed, stored and repeated. */
export interface StoredResult {
  readonly result: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** 8 bytes. */
  readonly keyId: Uint8Array;
}

/** One row of the table processor.payment. */
export interface PaymentRow extends PaymentKey {
  readonly digest: Uint8Array;
  readonly state: ProcessorState;
  readonly relayId: string;
  readonly recordNumber: string;
  readonly readerSerial: string;
  /** Key id of reader_signing and the reader's counter; null in a tombstone. */
  readonly signing: { readonly keyId: Uint8Array; readonly counter: bigint } | null;
  /** Name in PaymentKind. */
  readonly kind: string;
  readonly currency: number;
  readonly amounts: AmountParts;
  /** In minor units. */
  readonly approvedMinor: bigint;
  readonly responseCode: string;
  /** YYYYMMDD. */
  readonly settlementDate: number;
  readonly processorTimeMs: number;
  readonly stored: StoredResult;
  readonly revision: number;
  readonly holderCheck: HolderCheck;
}

/** A right online PIN; a tap that nobody verified; anything else, such as the reader's word. */
export type HolderCheck = "PIN" | "TAP" | "";

/** One transfer, with the payment that causes it; the amount is what was approved. */
export interface Posting {
  readonly kind: "SALE" | "AUTHORIZATION" | "REFUND";
  readonly debitAccount: bigint;
  readonly creditAccount: bigint;
}

/** A payment to be written, and what is to be posted with it. */
export interface NewPayment {
  readonly row: PaymentRow;
  readonly posting: Posting | null;
}

/** "MERCHANT0000001/01932b5e-…": the key as one text, for sets and maps. */
export function keyText({ merchantId, paymentId }: PaymentKey): string {
  return `${merchantId}/${paymentId}`;
}

/** The columns of processor.payment that an INSERT gives, in their order. */
export const paymentParameters = new RowParameters<PaymentRow>({
  merchant_id: ["text", (row) => row.merchantId],
  payment_id: ["uuid", (row) => row.paymentId],
  digest: ["bytea", (row) => row.digest],
  state: ["text", (row) => row.state],
  relay_id: ["text", (row) => row.relayId],
  record_number: ["text", (row) => row.recordNumber],
  reader_serial: ["text", (row) => row.readerSerial],
  signing_key_id: ["bytea", (row) => row.signing?.keyId],
  counter: ["bigint", (row) => row.signing?.counter],
  kind: ["text", (row) => row.kind],
  currency: ["int", (row) => row.currency],
  total_minor: ["bigint", (row) => row.amounts.totalMinor],
  tip_minor: ["bigint", (row) => row.amounts.tipMinor],
  cashback_minor: ["bigint", (row) => row.amounts.cashbackMinor],
  surcharge_minor: ["bigint", (row) => row.amounts.surchargeMinor],
  approved_minor: ["bigint", (row) => row.approvedMinor],
  response_code: ["text", (row) => row.responseCode],
  settlement_date: ["int", (row) => row.settlementDate],
  processor_time_ms: ["bigint", (row) => BigInt(row.processorTimeMs)],
  result: ["bytea", (row) => row.stored.result],
  result_signature: ["bytea", (row) => row.stored.signature],
  result_key_id: ["bytea", (row) => row.stored.keyId],
  revision: ["int", (row) => row.revision],
  holder_check: ["text", (row) => row.holderCheck],
});

/**
 * Whether a stored payment is the one with these bytes. A tombstone whose relay had never seen any
 * has 64 zeros as its digest: whatever comes later is its original.
 *
 * @param digest SHA-512 of the reader_payment bytes; zeros from a relay that has not seen them.
 */
export function isOfSameBytes(stored: Uint8Array, digest: Uint8Array): boolean {
  return isAllZero(stored) || equalBytes(stored, digest);
}

/** The business day of a moment, in UTC, as YYYYMMDD. */
export function settlementDateOf(nowMs: number): number {
  return Number(new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", ""));
}
