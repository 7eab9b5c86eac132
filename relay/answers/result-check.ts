import {
  Outcome,
  type Result,
  ResultSchema,
  type SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type MerchantId, type PaymentId, paymentIdToBytes } from "../../payment/identifiers.ts";
import type { CheckedContext } from "../../payment/payment-context.ts";
import { type RecordNumber, relayIdOf } from "../../payment/record-number.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import { isAmountPossible } from "../../sealing/boxes/signed-result.ts";
import { tombstoneDigest } from "../../sealing/boxes/tombstone-digest.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { SignatureCheck } from "./signature-check.ts";

/** What a result must agree with. */
interface ExpectedResult {
  readonly merchantId: MerchantId;
  readonly paymentId: PaymentId;
  readonly recordNumber: RecordNumber;
  /** Undefined for a payment that the relay has never seen. */
  readonly asked: AskedPayment | undefined;
}

/** What was asked for. */
export interface AskedPayment {
  readonly context: CheckedContext;
  /** H(context) */
  readonly contextDigest: Uint8Array;
}

/**
 * Verifies a signed result, then reads it and holds it to what was asked, as terminal and reader
 * will: what they would refuse must not be this relay's end of the payment. It may name another
 * record of this relay: the processor answers the same payment as it did the first time, and this
 * relay's database may have lost the record of that. Whether it has, the caller finds out.
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
  require("outcome", result.outcome !== Outcome.UNSPECIFIED);
  const { asked } = expected;
  if (asked !== undefined && equalBytes(result.contextDigest, asked.contextDigest)) {
    requireTerms(result, asked.context);
  } else {
    require("context_digest", isTombstone(result, expected));
    require("approved_amount_minor", result.approvedAmountMinor === 0n);
  }
  return result;
}

function requireTerms(result: Result, { readerSerial, currency, amounts, wire }: CheckedContext) {
  require("reader_serial", result.readerSerial === readerSerial);
  require("currency", result.currency === currency);
  const terms = { totalMinor: amounts.totalMinor, acceptPartial: wire.acceptPartial };
  require("approved_amount_minor", isAmountPossible(result, terms));
}

/** The one that this payment got before its bytes came. */
function isTombstone(result: Result, expected: ExpectedResult): boolean {
  const { outcome, contextDigest } = result;
  return outcome === Outcome.REVERSED && equalBytes(contextDigest, tombstoneDigest(expected));
}

function require(field: string, isRight: boolean): void {
  if (isRight) return;
  const message = `${field} of the processor's result is not what was asked for`;
  throw new PaymentError("MALFORMED_REQUEST", message, { field });
}
