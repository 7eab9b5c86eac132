import {
  type Reverse,
  ReverseSchema,
  type SignedReverse,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type PaymentKey, parseMerchantId, paymentIdFromBytes } from "../../payment/identifiers.ts";
import { type CheckedContext, parsePaymentContext } from "../../payment/payment-context.ts";
import { parseRecordNumber, type RecordNumber } from "../../payment/record-number.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import { isAllZero } from "../../sealing/bytes.ts";
import type { CheckedRelayCertificate } from "../../sealing/keys/certificates.ts";
import { verify } from "../../sealing/keys/dsse.ts";

const DIGEST_BYTES = 64;

/** A relay's order to undo a payment, verified. */
export interface ReverseOrder extends PaymentKey {
  readonly digest: Uint8Array;
  readonly relayId: string;
  readonly recordNumber: RecordNumber;
  /** The relay may have told an approval, and have lost its memory of that. */
  readonly isUnlessApproved: boolean;
  /** What the reader signed; undefined when the relay has never seen it. */
  readonly original:
    | { readonly context: CheckedContext; readonly contextBytes: Uint8Array }
    | undefined;
}

/**
 * @throws PaymentError SIGNATURE_REJECTED; NOT_PERMITTED when it speaks for another relay;
 *   MALFORMED_REQUEST.
 */
export function openReverse(
  signed: SignedReverse | undefined,
  relay: CheckedRelayCertificate,
): ReverseOrder {
  if (signed === undefined) throw malformed("reverse", "is required");
  const { reverse: body, signature } = signed;
  if (!verify({ type: "reverse", body, signature, verifier: relay.signing })) {
    throw new PaymentError("SIGNATURE_REJECTED", "reversal signature rejected");
  }
  const wire = strictDecode(ReverseSchema, body, "reverse");
  if (wire.version !== 1) throw malformed("version", `must be 1, got ${wire.version}`);
  if (wire.relayId !== relay.relayId) {
    throw new PaymentError("NOT_PERMITTED", "relay_id must be that of the stream");
  }
  if (wire.digest.length !== DIGEST_BYTES) {
    throw malformed("digest", `must be ${DIGEST_BYTES} bytes, got ${wire.digest.length}`);
  }
  const key = {
    merchantId: parseMerchantId(wire.merchantId),
    paymentId: paymentIdFromBytes(wire.paymentId),
  };
  return {
    ...key,
    digest: wire.digest,
    relayId: wire.relayId,
    recordNumber: parseRecordNumber(wire.recordNumber),
    isUnlessApproved: wire.unlessApproved,
    original: originalOf(wire, key),
  };
}

function originalOf(wire: Reverse, key: PaymentKey): ReverseOrder["original"] {
  if (wire.context.length === 0) {
    if (isAllZero(wire.digest)) return undefined;
    throw malformed("context", "is required with a digest");
  }
  const context = parsePaymentContext(wire.context);
  if (context.paymentId !== key.paymentId || context.merchantId !== key.merchantId) {
    throw malformed("context", "must be that of the payment to undo");
  }
  return { context, contextBytes: wire.context };
}

function malformed(field: string, problem: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", `${field} ${problem}`, { field });
}
