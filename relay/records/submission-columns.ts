import { EntryMode, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import type { Column } from "../../prisma/row-parameters.ts";
import type { SignedSubmission } from "./checked-submission.ts";

/** What a record keeps of the bytes that a reader signed, but for the bytes. */
export const SUBMISSION_COLUMNS: Readonly<
  Record<string, Column<{ readonly submission: SignedSubmission }>>
> = {
  digest: ["bytea", ({ submission }) => submission.digest],
  context_digest: ["bytea", ({ submission }) => submission.contextDigest],
  kind: ["text", ({ submission }) => enumName(PaymentKind, submission.context.kind)],
  total_minor: ["bigint", ({ submission }) => submission.context.amounts.totalMinor],
  tip_minor: ["bigint", ({ submission }) => submission.context.amounts.tipMinor],
  cashback_minor: ["bigint", ({ submission }) => submission.context.amounts.cashbackMinor],
  surcharge_minor: ["bigint", ({ submission: { context } }) => context.amounts.surchargeMinor],
  currency: ["int", ({ submission }) => submission.context.currency],
  terminal_id: ["text", ({ submission }) => submission.context.terminalId],
  reader_serial: ["text", ({ submission }) => submission.context.readerSerial],
  entry_mode: [
    "text",
    ({ submission: { context } }) => enumName(EntryMode, context.wire.entryMode),
  ],
  trace_number: ["int", ({ submission }) => submission.traceNumber],
  original_payment_id: ["uuid", ({ submission }) => submission.context.previousPaymentId],
};
