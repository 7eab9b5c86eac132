import { EntryMode, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import { traceNumberOf } from "../../payment/iso8583.ts";
import type { CheckedContext } from "../../payment/payment-context.ts";
import type { Column } from "../../prisma/row-parameters.ts";
import type { RelayRecord } from "./relay-record.ts";

interface SignedRecord {
  readonly record: RelayRecord;
  readonly context: CheckedContext;
}

/** What a record keeps of the bytes that a reader signed, but for the bytes. */
export const SUBMISSION_COLUMNS: Readonly<Record<string, Column<SignedRecord>>> = {
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
