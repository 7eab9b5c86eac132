import { create } from "@bufbuild/protobuf";
import {
  EntryMode,
  PaymentKind,
  SignedPaymentSchema,
  SignedResultSchema,
  SignedReverseSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import type { MerchantId, PaymentId, TerminalId } from "../../payment/identifiers.ts";
import { traceNumberOf } from "../../payment/iso8583.ts";
import { decodeReaderPayment } from "../../payment/payment-context.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import type { StateName } from "../../payment/states.ts";
import type { Column } from "../../prisma/row-parameters.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import { sha512 } from "../../sealing/curves/hash.ts";
import { digest } from "../../sealing/keys/dsse.ts";
import type { StorageBoxes } from "../sealed/storage-boxes.ts";
import type { RecordedPayment, RelayRecord, StoredRecord } from "./relay-record.ts";

/**
 * A record from the future was written before the database's clock was put back: what it has left
 * nobody knows. A second is for the difference between a primary and the standby that succeeds it.
 */
const TIME_LEFT_MS = `CASE WHEN record.recorded_at <= now() + interval '1 second'
  THEN (extract(epoch FROM record.deadline_at - now()) * 1000)::float8 ELSE 0 END`;

/** Written before the present history of the server began: what came after it may be lost. */
const IS_FROM_BEFORE = "record.recorded_at < (SELECT max(raised_at) FROM log_epoch)";

/**
 * As a rule one. A number that was drawn for a payment which was recorded already has a box, too:
 * the record's digest tells which is its own.
 */
const BOXES = `ARRAY(
    SELECT sealed.box FROM sealed_payment sealed
    WHERE sealed.record_number = record.record_number AND record.state IN ('RECEIVED', 'FORWARDED')
  ) AS boxes`;

/** Columns of `record` that a StoredRecord is made of. */
export const RECORD_COLUMNS = [
  "record_number",
  "merchant_id",
  "payment_id",
  "terminal_id",
  "kind",
  "state",
  "digest",
  "context_digest",
  "reader_payment",
  "reader_signature",
  "reverse",
  "reverse_signature",
  "result",
  "result_signature",
  "result_key_id",
  "response_code",
  "fault_code",
  "traceparent",
  "claim_number",
]
  .map((name) => `record.${name}`)
  .concat(`${TIME_LEFT_MS} AS time_left_ms`, `${IS_FROM_BEFORE} AS is_from_before`, BOXES)
  .join(", ");

/** One row with RECORD_COLUMNS as pg gives it. What is in it was checked before it was written. */
export interface RecordRow {
  readonly record_number: string;
  readonly merchant_id: string;
  readonly payment_id: string;
  readonly terminal_id: string;
  readonly kind: string;
  readonly state: string;
  readonly digest: Buffer | null;
  readonly context_digest: Buffer | null;
  /** Of a record that a relay of before sealed_payment wrote. */
  readonly reader_payment: Buffer | null;
  readonly reader_signature: Buffer | null;
  readonly reverse: Buffer | null;
  readonly reverse_signature: Buffer | null;
  readonly result: Buffer | null;
  readonly result_signature: Buffer | null;
  readonly result_key_id: Buffer | null;
  readonly response_code: string;
  readonly fault_code: string | null;
  readonly traceparent: string;
  readonly time_left_ms: number;
  readonly is_from_before: boolean;
  /** Storage boxes; empty when nobody may ask for an authorization any more. */
  readonly boxes: readonly Buffer[];
  readonly claim_number: number;
}

export function recordOf(row: RecordRow, boxes: StorageBoxes): StoredRecord {
  const { reverse, reverse_signature: reverseSignature } = row;
  const { result, result_signature: resultSignature, result_key_id: keyId } = row;
  return {
    recordNumber: row.record_number as RecordNumber,
    merchantId: row.merchant_id as MerchantId,
    paymentId: row.payment_id as PaymentId,
    terminalId: row.terminal_id as TerminalId,
    kind: PaymentKind[row.kind as keyof typeof PaymentKind],
    state: row.state as StateName,
    digest: row.digest ?? undefined,
    contextDigest: row.context_digest ?? undefined,
    ...submittedOf(row, boxes),
    reverse:
      reverse !== null && reverseSignature !== null
        ? create(SignedReverseSchema, { reverse, signature: reverseSignature })
        : undefined,
    result:
      result !== null && resultSignature !== null && keyId !== null
        ? create(SignedResultSchema, { result, signature: resultSignature, keyId })
        : undefined,
    responseCode: row.response_code,
    faultCode: row.fault_code ?? undefined,
    traceparent: row.traceparent,
    timeLeftMs: row.time_left_ms,
    isFromBefore: row.is_from_before,
    claimNumber: row.claim_number,
  };
}

/** Of an open record: what its reader signed, and what of that needs no key. */
function submittedOf(
  row: RecordRow,
  storage: StorageBoxes,
): Pick<StoredRecord, "payment" | "contextBytes"> {
  const { reader_payment: readerPayment, reader_signature: signature, boxes } = row;
  if (readerPayment !== null && signature !== null) {
    const payment = create(SignedPaymentSchema, { readerPayment, signature });
    return { payment, contextBytes: decodeReaderPayment(readerPayment).context };
  }
  for (const box of boxes) {
    const opened = storage.open(box);
    if (opened === undefined || !isContextOf(row, opened.contextBytes)) continue;
    const { contextBytes, payment } = opened;
    const isOwn = payment && row.digest && equalBytes(sha512(payment.readerPayment), row.digest);
    return { contextBytes, payment: isOwn ? payment : undefined };
  }
  return { payment: undefined, contextBytes: undefined };
}

function isContextOf({ context_digest: expected }: RecordRow, contextBytes: Uint8Array): boolean {
  return expected !== null && equalBytes(digest("payment-context", contextBytes), expected);
}

/** What a record keeps of the bytes that a reader signed, but for the bytes. */
export const SUBMISSION_COLUMNS: Readonly<Record<string, Column<RecordedPayment<RelayRecord>>>> = {
  digest: ["bytea", ({ record }) => record.digest],
  context_digest: ["bytea", ({ record }) => record.contextDigest],
  kind: ["text", ({ context }) => enumName(PaymentKind, context.kind)],
  total_minor: ["bigint", ({ context }) => context.amounts.totalMinor],
  tip_minor: ["bigint", ({ context }) => context.amounts.tipMinor],
  cashback_minor: ["bigint", ({ context }) => context.amounts.cashbackMinor],
  surcharge_minor: ["bigint", ({ context }) => context.amounts.surchargeMinor],
  currency: ["int", ({ context }) => context.currency],
  terminal_id: ["text", ({ context }) => context.terminalId],
  reader_serial: ["text", ({ context }) => context.readerSerial],
  entry_mode: ["text", ({ context }) => enumName(EntryMode, context.wire.entryMode)],
  trace_number: ["int", ({ context }) => traceNumberOf(context.wire.counter)],
  original_payment_id: ["uuid", ({ context }) => context.previousPaymentId],
};
