import type { SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { HopSpan } from "../../mesh/tracing/telemetry.ts";
import type { CheckedContext } from "../../payment/payment-context.ts";
import type { CheckedTerminalCertificate } from "../../sealing/keys/certificates.ts";

/** What a reader of this merchant has signed, as a record keeps it. */
export interface SignedSubmission {
  readonly payment: SignedPayment;
  readonly context: CheckedContext;
  /** As the reader serialised it. */
  readonly contextBytes: Uint8Array;
  /** SHA-512 of the reader_payment bytes. */
  readonly digest: Uint8Array;
  /** H(context). */
  readonly contextDigest: Uint8Array;
  /** DE 11. */
  readonly traceNumber: number;
  readonly span: HopSpan;
}

/** A payment that passed every check that needs no record. */
export interface CheckedSubmission extends SignedSubmission {
  readonly terminal: CheckedTerminalCertificate;
}
