import { create } from "@bufbuild/protobuf";
import { type PaymentFault, PaymentFaultSchema } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { isPaymentErrorCode, PaymentError } from "./errors.ts";

/**
 * What the other side of a stream gets to know of an error that concerns one payment. Anything but
 * a PaymentError becomes INTERNAL and nothing more; the caller logs it.
 */
export function faultOf(error: unknown): PaymentFault {
  const known =
    error instanceof PaymentError ? error : new PaymentError("INTERNAL", "internal error");
  return create(PaymentFaultSchema, {
    code: known.code,
    message: known.message,
    certainty: known.row.certainty,
    nextStep: known.row.nextStep,
    retryAfterMs: Math.ceil(known.retryAfterMs ?? 0),
  });
}

/** The way back. A code that this version does not know counts as INTERNAL: nothing is sure. */
export function errorOfFault(fault: PaymentFault): PaymentError {
  const code = isPaymentErrorCode(fault.code) ? fault.code : "INTERNAL";
  const retryAfter = fault.retryAfterMs > 0 ? { retryAfterMs: fault.retryAfterMs } : {};
  return new PaymentError(code, fault.message, retryAfter);
}
