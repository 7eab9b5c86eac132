import type {
  PaymentKind,
  SignedPayment,
  SignedResult,
  SignedReverse,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { MerchantId, PaymentId, TerminalId } from "../../payment/identifiers.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import type { StateName } from "../../payment/states.ts";

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
  /** Undefined as soon as nobody may ask for an authorization any more. */
  readonly payment: SignedPayment | undefined;
  readonly reverse: SignedReverse | undefined;
  readonly traceparent: string;
  readonly claimNumber: number;
}

/** A record as the database gave it. */
export interface StoredRecord extends RelayRecord {
  /**
   * Until its deadline, by the database's clock at the moment of reading; never more than what it
   * was given when it was recorded. 0 or less: it is over.
   */
  readonly timeLeftMs: number;
}

/** Whether these bytes are those of the record. A tombstone stands for whatever bytes may come. */
export function isSamePayment(record: RelayRecord, digest: Uint8Array): boolean {
  return record.digest === undefined || Buffer.compare(record.digest, digest) === 0;
}
