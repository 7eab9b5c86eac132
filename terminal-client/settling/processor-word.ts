import {
  Outcome,
  PaymentKind,
  type Result,
  type SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type MerchantId, paymentIdToBytes } from "../../payment/identifiers.ts";
import type { CheckedReaderPayment } from "../../payment/payment-context.ts";
import {
  isMerchantPossible,
  tombstoneDigest,
  verifyAnswer,
  verifyEndOf,
  verifySignedResult,
} from "../../sealing/boxes/signed-result.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import { digest } from "../../sealing/keys/dsse.ts";
import type { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import type { Manifest } from "../../sealing/keys/manifest.ts";
import type { JournalEntry } from "../journal/journal.ts";

/** A result whose signature and contents the terminal has verified. */
export interface VerifiedResult {
  readonly result: Result;
  readonly signed: SignedResult;
}

/** What this terminal knows of a payment that a result claims to end. */
export interface OwnPayment {
  readonly entry: JournalEntry;
  readonly merchantId: MerchantId;
  /** The reader's bytes; undefined where they were never made, or are forgotten. */
  readonly payment: CheckedReaderPayment | undefined;
}

/** How a payment ended. Either way the processor signed something that leaves no other end. */
export type Settled =
  | {
      readonly kind: "answered";
      readonly verified: VerifiedResult;
      /** Why the processor did not take it, where it was undone for that. */
      readonly error?: PaymentError | undefined;
    }
  /** Terminal, reader or relay refused it, and now it can not happen any more. */
  | {
      readonly kind: "refused";
      readonly error: PaymentError;
      /** The tombstone; absent when the id stands for another payment, which is not shown here. */
      readonly verified?: VerifiedResult | undefined;
    };

/** What results are verified with. */
export interface ResultKeys {
  readonly manifest: KeptManifest;
  /** Asks the relay for a newer manifest, because a result names a key that is not known. */
  readonly renewManifest: () => Promise<void>;
}

interface WordCheck {
  readonly signed: SignedResult;
  readonly manifest: Manifest;
  readonly own: OwnPayment;
}

/**
 * The processor's signature under how a payment id ended: an answer, or a tombstone. Nothing else
 * ends a payment at a terminal.
 *
 * @throws PaymentError SIGNATURE_REJECTED when it is no word about this payment.
 */
function verifyWord(check: WordCheck): VerifiedResult {
  const { signed, manifest, own } = check;
  const result = verifySignedResult({ signed, manifest });
  if (isTombstone(result, own)) return { result, signed };
  // Whether less was acceptable is not known any more: the processor approves a part where it was.
  if (own.payment === undefined) return verifyForgotten(check, true);
  return { result: verifyAnswer({ signed, manifest, payment: own.payment }), signed };
}

/**
 * The same where a relay says that the id stands for other bytes. They may be an earlier attempt at
 * this very payment, which both the terminal and its reader have forgotten. Only a word that names
 * this merchant shows that: the same id can stand for a payment of each other one, and meanwhile
 * these bytes, which the relay says it refused, may be charged.
 *
 * @returns undefined when the id stands for a payment with other terms.
 * @throws PaymentError SIGNATURE_REJECTED when it is no word about this merchant's payment.
 */
function verifyWordOnTakenId(check: WordCheck): VerifiedResult | undefined {
  const result = verifySignedResult(check);
  if (!isOfOtherBytes(result, check.own)) return verifyWord(check);
  if (result.merchantId !== check.own.merchantId) {
    throw new PaymentError("SIGNATURE_REJECTED", "the result is not of this merchant's payment");
  }
  try {
    return verifyForgotten(check, check.own.entry.request.acceptPartial);
  } catch (error) {
    if (error instanceof PaymentError) return undefined;
    throw error;
  }
}

/**
 * What the processor's word makes of a payment.
 *
 * @param known.refusal why the terminal wants it not to happen any more.
 * @param known.why the relay's word on why it was undone: an explanation and no more.
 * @throws PaymentError SIGNATURE_REJECTED when it is no word about this payment, KEY_NOT_VALID
 *   without a manifest to check it with.
 */
export async function settledBy(
  signed: SignedResult,
  { own, keys }: { readonly own: OwnPayment; readonly keys: ResultKeys },
  known: { readonly refusal?: PaymentError | undefined; readonly why?: PaymentError | undefined },
): Promise<Settled> {
  const { refusal, why } = known;
  const check = { signed, manifest: await manifestFor(signed, keys), own };
  const isTaken = refusal?.code === "DUPLICATE_DIFFERS" || isAnswerToOtherBytes(check);
  const verified = isTaken ? verifyWordOnTakenId(check) : verifyWord(check);
  if (verified === undefined) return { kind: "refused", error: refusal ?? usedForOtherTerms() };
  const isUndone = verified.result.outcome === Outcome.REVERSED;
  if (refusal !== undefined && isUndone) return { kind: "refused", error: refusal, verified };
  return { kind: "answered", verified, error: isUndone ? why : undefined };
}

/**
 * Terminal and reader have forgotten that they paid under this id, and signed it once more. The
 * relay answers for the earlier bytes; these cannot be charged any more.
 */
function isAnswerToOtherBytes({ signed, manifest, own }: WordCheck): boolean {
  const result = verifySignedResult({ signed, manifest });
  return own.payment !== undefined && isOfOtherBytes(result, own);
}

function usedForOtherTerms(): PaymentError {
  return new PaymentError("DUPLICATE_DIFFERS", "payment_id was used for a payment of other terms");
}

async function manifestFor(
  { keyId }: SignedResult,
  { manifest, renewManifest }: ResultKeys,
): Promise<Manifest> {
  if (manifest.newest?.resultVerifier(keyId) === undefined) await renewManifest();
  const { newest } = manifest;
  if (newest === undefined) throw new PaymentError("KEY_NOT_VALID", "there is no key manifest");
  return newest;
}

function verifyForgotten(
  { signed, manifest, own: { entry, merchantId } }: WordCheck,
  acceptPartial: boolean,
): VerifiedResult {
  const { kind, amounts, currency } = entry.request;
  if (kind === PaymentKind.UNSPECIFIED) {
    throw new PaymentError("SIGNATURE_REJECTED", "a payment that never came has a tombstone alone");
  }
  const terms = { currency, totalMinor: amounts.totalMinor, acceptPartial };
  const paymentId = paymentIdToBytes(entry.paymentId);
  return { result: verifyEndOf({ signed, manifest, merchantId, paymentId, terms }), signed };
}

/** The processor never saw any bytes of it, so it can only name payment and merchant. */
function isTombstone(result: Result, { entry, merchantId }: OwnPayment): boolean {
  const { paymentId } = entry;
  return (
    result.outcome === Outcome.REVERSED &&
    isMerchantPossible(result, merchantId) &&
    equalBytes(result.paymentId, paymentIdToBytes(paymentId)) &&
    equalBytes(result.contextDigest, tombstoneDigest({ merchantId, paymentId }))
  );
}

function isOfOtherBytes(result: Result, { entry, merchantId, payment }: OwnPayment): boolean {
  const { paymentId } = entry;
  if (!equalBytes(result.paymentId, paymentIdToBytes(paymentId))) return false;
  const ownDigests = [tombstoneDigest({ merchantId, paymentId })];
  if (payment !== undefined) ownDigests.push(digest("payment-context", payment.contextBytes));
  return !ownDigests.some((one) => equalBytes(one, result.contextDigest));
}
