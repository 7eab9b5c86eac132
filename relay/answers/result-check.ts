import {
  Outcome,
  type Result,
  ResultSchema,
  type SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import type { CheckedContext } from "../../payment/payment-context.ts";
import { relayIdOf } from "../../payment/record-number.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import {
  isAmountPossible,
  isMerchantPossible,
  tombstoneDigest,
} from "../../sealing/boxes/signed-result.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { RecordedPayment, RelayRecord } from "../records/relay-record.ts";
import type { SignatureCheck } from "./signature-check.ts";

/**
 * Verifies a signed result, then reads it and holds it to what was asked, as terminal and reader
 * will: what they would refuse must not be this relay's end of the payment. It may name another
 * record of this relay: the processor answers the same payment as it did the first time, and this
 * relay's database may have lost the record of that. Whether it has, the caller finds out. Of a
 * payment that the relay has never seen there is no context to hold it to.
 *
 * @throws PaymentError SIGNATURE_REJECTED or MALFORMED_REQUEST; no such result is ever passed on.
 */
export function checkResult(
  signed: SignedResult,
  { record, context }: RecordedPayment<RelayRecord, CheckedContext | undefined>,
  isSigned: SignatureCheck,
): Result {
  if (!isSigned(signed)) {
    throw new PaymentError("SIGNATURE_REJECTED", "processor signature rejected");
  }
  const result = strictDecode(ResultSchema, signed.result, "result");
  require("version", result.version === 1);
  require("payment_id", equalBytes(result.paymentId, paymentIdToBytes(record.paymentId)));
  require("merchant_id", isMerchantPossible(result, record.merchantId));
  require("record_number", relayIdOf(result.recordNumber) === relayIdOf(record.recordNumber));
  require("revision", result.revision >= 1);
  require("outcome", result.outcome !== Outcome.UNSPECIFIED);
  if (context !== undefined && isOfContext(result, record)) {
    requireTerms(result, context);
  } else {
    require("context_digest", isTombstone(result, record));
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

function isOfContext(result: Result, { contextDigest }: RelayRecord): boolean {
  return contextDigest !== undefined && equalBytes(result.contextDigest, contextDigest);
}

/** The one that this payment got before its bytes came. */
function isTombstone({ outcome, contextDigest }: Result, record: RelayRecord): boolean {
  return outcome === Outcome.REVERSED && equalBytes(contextDigest, tombstoneDigest(record));
}

function require(field: string, isRight: boolean): void {
  if (isRight) return;
  const message = `${field} of the processor's result is not what was asked for`;
  throw new PaymentError("MALFORMED_REQUEST", message, { field });
}
