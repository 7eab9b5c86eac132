import type { SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { HopSpan } from "../../mesh/tracing/telemetry.ts";
import type { CheckedContext } from "../../payment/payment-context.ts";

/** What a reader of this merchant has signed, before it has a record. */
export interface SignedSubmission {
  readonly payment: SignedPayment;
  readonly context: CheckedContext;
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
}
