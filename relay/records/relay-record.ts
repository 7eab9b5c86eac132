import type {
  PaymentKind,
  SignedPayment,
  SignedResult,
  SignedReverse,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { HopSpan } from "../../mesh/tracing/telemetry.ts";
import type { MerchantId, PaymentId, TerminalId } from "../../payment/identifiers.ts";
import type { CheckedContext } from "../../payment/payment-context.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import type { StateName } from "../../payment/states.ts";

/** What a reader of this merchant has signed, before it has a record. */
export interface SignedSubmission {
  readonly payment: SignedPayment;
  readonly context: CheckedContext;
  /** PaymentContext as the reader serialised it. */
  readonly contextBytes: Uint8Array;
  /** SHA-512 of the reader_payment bytes. */
  readonly digest: Uint8Array;
  /** H(context). */
  readonly contextDigest: Uint8Array;
  readonly span: HopSpan;
}

/** A payment that passed every check that needs no record. */
export interface CheckedSubmission extends SignedSubmission {
  /** Of the terminal (DE 18). */
  readonly merchantCategoryCode: number;
  /** Of the registry that it was checked by. */
  readonly registryRevision: bigint;
}

/** What a terminal may hear of a record. */
export interface RecordOutcome {
  readonly recordNumber: RecordNumber;
  readonly merchantId: MerchantId;
  readonly paymentId: PaymentId;
  readonly state: StateName;
  /** DE 39 of the latest result; empty before. */
  readonly responseCode: string;
  /** The processor's latest answer. */
  readonly result: SignedResult | undefined;
  /** Why the processor did not decide; a code of payment/errors.ts. */
  readonly faultCode: string | undefined;
}

/** What a relay needs of a record to go on with it, also after a restart. */
export interface RelayRecord extends RecordOutcome {
  readonly terminalId: TerminalId | "";
  readonly kind: PaymentKind;
  /** SHA-512 of the reader_payment bytes; undefined for a tombstone. */
  readonly digest: Uint8Array | undefined;
  /** H(context); undefined for a tombstone. */
  readonly contextDigest: Uint8Array | undefined;
  /**
   * Undefined as soon as nobody may ask for an authorization any more, and when the key is
   * forgotten under which it was kept.
   */
  readonly payment: SignedPayment | undefined;
  /** PaymentContext as the reader serialised it; undefined for a tombstone, and when it is over. */
  readonly contextBytes: Uint8Array | undefined;
  readonly reverse: SignedReverse | undefined;
  readonly traceparent: string;
  readonly claimNumber: number;
  /** Whether the database was restored since: what was told of it may be lost. */
  readonly isFromBefore: boolean;
}

/** A record whose sealed data is still here: a processor can be asked about it. */
export interface SealedRecord extends RelayRecord {
  readonly payment: SignedPayment;
  readonly contextBytes: Uint8Array;
  readonly digest: Uint8Array;
  readonly contextDigest: Uint8Array;
}

/** A record with the order to undo its payment. */
export type OrderedRecord = RelayRecord & { readonly reverse: SignedReverse };

/**
 * A recorded payment: the record, with the sealed bytes in it unless `Kept` says otherwise, and
 * what its reader signed.
 */
export interface RecordedPayment<
  Kept extends RelayRecord = SealedRecord,
  Context extends CheckedContext | undefined = CheckedContext,
> {
  readonly record: Kept;
  readonly context: Context;
}

/** The end of a record, or a later revision of its result: to be committed, and then told. */
export interface Ending extends RecordOutcome {
  /** 0 without a result. */
  readonly revision: number;
  readonly approvalCode: string;
  readonly retrievalReference: string;
  readonly approvedAmountMinor: bigint;
  readonly lastFour: string;
  readonly scheme: string;
  /**
   * Whether the processor answered a reversal with it, because this relay had acknowledged it: the
   * one approval that may follow REVERSING.
   */
  readonly isKept: boolean;
  /** Of the payment, for the statement's own span. */
  readonly span: HopSpan | undefined;
}

/** A record as the database gave it. */
export interface StoredRecord extends RelayRecord {
  /**
   * Until its deadline, by the database's clock at the moment of reading; never more than what it
   * was given when it was recorded. 0 or less: it is over.
   */
  readonly timeLeftMs: number;
}

/** The record that a submission becomes under this number. */
export function newRecord(
  submission: SignedSubmission,
  recordNumber: RecordNumber,
  state: "RECEIVED" | "FORWARDED",
): SealedRecord {
  const { payment, context, contextBytes, digest, contextDigest, span } = submission;
  return {
    recordNumber,
    merchantId: context.merchantId,
    paymentId: context.paymentId,
    terminalId: context.terminalId,
    kind: context.kind,
    state,
    digest,
    contextDigest,
    payment,
    contextBytes,
    reverse: undefined,
    result: undefined,
    responseCode: "",
    faultCode: undefined,
    traceparent: span.traceparent,
    claimNumber: 0,
    isFromBefore: false,
  };
}

export function isSealed<R extends RelayRecord>(record: R): record is R & SealedRecord {
  const { payment, contextBytes, digest, contextDigest } = record;
  return [payment, contextBytes, digest, contextDigest].every((bytes) => bytes !== undefined);
}

/** Whether these bytes are those of the record. A tombstone stands for whatever bytes may come. */
export function isSamePayment(record: RelayRecord, digest: Uint8Array): boolean {
  return record.digest === undefined || Buffer.compare(record.digest, digest) === 0;
}
