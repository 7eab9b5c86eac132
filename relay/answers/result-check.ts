import {
  Outcome,
  type Result,
  ResultSchema,
  type SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type MerchantId, type PaymentId, paymentIdToBytes } from "../../payment/identifiers.ts";
import { type RecordNumber, relayIdOf } from "../../payment/record-number.ts";
import { strictDecode } from "../../payment/strict-decode.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import { unseenPaymentDigest } from "../../sealing/unseen-payment.ts";
import type { SignatureCheck } from "./signature-check.ts";

/** What a result must agree with. */
export interface ExpectedResult {
  readonly merchantId: MerchantId;
  readonly paymentId: PaymentId;
  readonly recordNumber: RecordNumber;
  /** H(context); undefined for a payment that the relay has never seen. */
  readonly contextDigest: Uint8Array | undefined;
  /** What an approval may come to; undefined where only a reversal or decline is believed. */
  readonly approval: { readonly totalMinor: bigint; readonly acceptPartial: boolean } | undefined;
}

/**
 * Verifies a signed result, then reads it and compares it with what was asked. It may name another
 * record of this relay: the processor answers the same payment as it did the first time, and this
 * relay's database may have lost the record of that.
 *
 * @throws PaymentError SIGNATURE_REJECTED or MALFORMED_REQUEST; no such result is ever passed on.
 */
export function checkResult(
  signed: SignedResult,
  expected: ExpectedResult,
  isSigned: SignatureCheck,
): Result {
  if (!isSigned(signed)) {
    throw new PaymentError("SIGNATURE_REJECTED", "processor signature rejected");
  }
  const result = strictDecode(ResultSchema, signed.result, "result");
  require("version", result.version === 1);
  require("payment_id", equalBytes(result.paymentId, paymentIdToBytes(expected.paymentId)));
  require("record_number", relayIdOf(result.recordNumber) === relayIdOf(expected.recordNumber));
  require("revision", result.revision >= 1);
  require("context_digest", isOfPayment(result, expected));
  require("outcome", result.outcome !== Outcome.UNSPECIFIED);
  require("approved_amount_minor", isAmountRight(result, expected.approval));
  return result;
}

/** Of these bytes, or the tombstone that this payment got before they came. */
function isOfPayment(result: Result, { contextDigest, ...payment }: ExpectedResult): boolean {
  if (contextDigest !== undefined && equalBytes(result.contextDigest, contextDigest)) return true;
  const isTombstone = equalBytes(result.contextDigest, unseenPaymentDigest(payment));
  return isTombstone && result.outcome === Outcome.REVERSED;
}

function isAmountRight(
  { outcome, approvedAmountMinor }: Result,
  approval: ExpectedResult["approval"],
): boolean {
  switch (outcome) {
    case Outcome.APPROVED:
      return approval !== undefined && approvedAmountMinor === approval.totalMinor;
    case Outcome.PARTIALLY_APPROVED:
      return (
        approval?.acceptPartial === true &&
        approvedAmountMinor >= 1n &&
        approvedAmountMinor < approval.totalMinor
      );
    default:
      return true;
  }
}

function require(field: string, isRight: boolean): void {
  if (isRight) return;
  const message = `${field} of the processor's result is not what was asked for`;
  throw new PaymentError("MALFORMED_REQUEST", message, { field });
}
