import { create, toBinary } from "@bufbuild/protobuf";
import {
  Outcome,
  PaymentContextSchema,
  type Result,
  ResultSchema,
  type SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type MerchantId, type PaymentId, paymentIdToBytes } from "../../payment/identifiers.ts";
import type { CheckedReaderPayment } from "../../payment/payment-context.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import { equalBytes } from "../bytes.ts";
import { digest, verify } from "../keys/dsse.ts";
import type { Manifest } from "../keys/manifest.ts";

/**
 * The result and what it says about itself was checked, against nothing but the processor's key.
 */
interface SignedResultCheck {
  readonly signed: SignedResult | undefined;
  readonly manifest: Manifest;
}

/**
 * Verifies the processor's signature, then decodes. The key must have been valid when the result
 * was made: a stored answer that is repeated after a rotation stays good.
 *
 * @throws PaymentError SIGNATURE_REJECTED whatever is wrong.
 */
export function verifySignedResult({ signed, manifest }: SignedResultCheck): Result {
  return rejecting(() => {
    if (signed === undefined) throw new Error("missing");
    const verifier = manifest.resultVerifier(signed.keyId);
    if (verifier === undefined) throw new Error("key is not in the manifest");
    const { result: body, signature } = signed;
    if (!verify({ type: "result", body, signature, verifier })) throw new Error("signature");
    const result = strictDecode(ResultSchema, body, "result");
    if (result.version !== 1) throw new Error("version");
    requireKeyValid(manifest, signed.keyId, result.processorTimeMs);
    return result;
  });
}

/**
 * Verifies a result as the answer to exactly these signed bytes: ids, context, currency and amount.
 * The context names the merchant: a result of an earlier processor, which names none, is bound too.
 *
 * @throws PaymentError SIGNATURE_REJECTED whatever is wrong.
 */
export function verifyAnswer(
  check: SignedResultCheck & { readonly payment: CheckedReaderPayment },
): Result {
  const result = verifySignedResult(check);
  return rejecting(() => {
    const { context, contextBytes } = check.payment;
    if (!equalBytes(result.contextDigest, digest("payment-context", contextBytes))) {
      throw new Error("context digest");
    }
    if (!equalBytes(result.paymentId, context.wire.paymentId)) throw new Error("payment id");
    if (result.readerSerial !== context.readerSerial) throw new Error("reader serial");
    if (!isMerchantPossible(result, context.merchantId)) throw new Error("merchant id");
    requireTerms(result, {
      currency: context.currency,
      totalMinor: context.amounts.totalMinor,
      acceptPartial: context.wire.acceptPartial,
    });
    return result;
  });
}

/** What was asked for, of a payment whose signed bytes are not at hand. */
interface AskedTerms {
  /** ISO 4217 numeric code. */
  readonly currency: number;
  /** Minor units. */
  readonly totalMinor: bigint;
  readonly acceptPartial: boolean;
}

/**
 * Verifies a result as the end of a payment id by whoever has forgotten, or never had, the bytes
 * that it answers: merchant, id, currency and amount. Which bytes it is bound to remains open, but
 * a processor has one payment for each merchant and id.
 *
 * @param check.paymentId 16 bytes.
 * @throws PaymentError SIGNATURE_REJECTED whatever is wrong.
 */
export function verifyEndOf(
  check: SignedResultCheck & {
    readonly merchantId: MerchantId;
    readonly paymentId: Uint8Array;
    readonly terms: AskedTerms;
  },
): Result {
  const result = verifySignedResult(check);
  return rejecting(() => {
    if (!equalBytes(result.paymentId, check.paymentId)) throw new Error("payment id");
    if (result.merchantId !== check.merchantId) throw new Error("merchant id");
    requireTerms(result, check.terms);
    return result;
  });
}

function requireTerms(result: Result, terms: AskedTerms): void {
  if (result.currency !== terms.currency) throw new Error("currency");
  if (result.revision < 1) throw new Error("revision");
  if (!isAmountPossible(result, terms)) {
    throw new Error(`amount of an outcome ${enumName(Outcome, result.outcome)}`);
  }
}

/** Whether it names this merchant, or none, as earlier processors did: then another field must. */
export function isMerchantPossible(result: Result, merchantId: MerchantId): boolean {
  return result.merchantId === "" || result.merchantId === merchantId;
}

/** Approved in full, in part where that was accepted and signed, or nothing. */
export function isAmountPossible(
  result: Result,
  { totalMinor, acceptPartial }: Pick<AskedTerms, "totalMinor" | "acceptPartial">,
): boolean {
  const approvedMinor = result.approvedAmountMinor;
  const isPossible: Record<Outcome, boolean> = {
    [Outcome.UNSPECIFIED]: false,
    [Outcome.APPROVED]: approvedMinor === totalMinor,
    [Outcome.PARTIALLY_APPROVED]: acceptPartial && approvedMinor > 0n && approvedMinor < totalMinor,
    [Outcome.DECLINED]: approvedMinor === 0n,
    [Outcome.REVERSED]: approvedMinor <= totalMinor,
    [Outcome.VOIDED]: approvedMinor <= totalMinor,
  };
  return isPossible[result.outcome] === true;
}

function requireKeyValid(manifest: Manifest, keyId: Uint8Array, timeMs: bigint): void {
  const key = manifest.wire.keys.find((one) => equalBytes(one.keyId, keyId));
  if (key === undefined || timeMs < key.notBeforeMs || timeMs > key.notAfterMs) {
    throw new Error("key dates");
  }
}

/** One outward failure for everything; the cause is for the security log alone. */
function rejecting<Checked>(check: () => Checked): Checked {
  try {
    return check();
  } catch (cause) {
    throw new PaymentError("SIGNATURE_REJECTED", "result rejected", { cause });
  }
}

/**
 * What a tombstone is bound to when no context was known: H of a context of version 1 that names
 * payment and merchant and nothing else. Without the merchant it could be had for the same payment
 * id under any other one.
 *
 * @returns 64 bytes
 */
export function tombstoneDigest(payment: {
  readonly merchantId: MerchantId;
  readonly paymentId: PaymentId;
}): Uint8Array {
  const context = create(PaymentContextSchema, {
    version: 1,
    paymentId: paymentIdToBytes(payment.paymentId),
    merchantId: payment.merchantId,
  });
  return digest("payment-context", toBinary(PaymentContextSchema, context));
}
