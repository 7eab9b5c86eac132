import { CardDataSchema, type SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { Pan } from "../../payment/card.ts";
import { PaymentError } from "../../payment/errors.ts";
import { kindRules } from "../../payment/kinds.ts";
import { type CheckedReaderPayment, parseReaderPayment } from "../../payment/payment-context.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import { sha512 } from "../../sealing/curves/hash.ts";
import type { CheckedReaderCertificate } from "../../sealing/keys/certificates.ts";
import { digest, verify } from "../../sealing/keys/dsse.ts";
import { openCardBox } from "../../sealing/open/card-box.ts";
import { SealedDataRejected } from "../../sealing/sealed-data-rejected.ts";
import { cardTokenOf } from "../cards/card-store.ts";
import type { ProcessorKeys } from "../keys/processor-keys.ts";
import type { CertificateCache } from "../registry/certificate-cache.ts";

/** Largest counter that both the contract and int8 of PostgreSQL allow. */
const COUNTER_MAX = 2n ** 63n - 1n;

/** What a payment says about itself, read before its signature could be checked. */
export interface ClaimedPayment {
  readonly signed: SignedPayment;
  readonly payment: CheckedReaderPayment;
  /** H(context), 64 bytes. */
  readonly contextDigest: Uint8Array;
  /** SHA-512 of the reader_payment bytes. */
  readonly digest: Uint8Array;
}

/** A payment whose signature is right, and the card in it. `pan` goes to the PIN service only. */
export interface OpenedPayment {
  readonly reader: CheckedReaderCertificate;
  readonly pan: Pan;
  readonly panToken: Uint8Array;
  /** YYMM. */
  readonly expirationDate: string;
}

/**
 * Takes a relay's payment apart; believes nothing of it yet.
 *
 * @throws PaymentError MALFORMED_REQUEST, AMOUNT_OUT_OF_RANGE or CURRENCY_NOT_ACCEPTED.
 */
export function claimPayment(signed: SignedPayment | undefined): ClaimedPayment {
  if (signed === undefined) throw new PaymentError("MALFORMED_REQUEST", "payment is required");
  const payment = parseReaderPayment(signed.readerPayment);
  return {
    signed,
    payment,
    contextDigest: digest("payment-context", payment.contextBytes),
    digest: sha512(signed.readerPayment),
  };
}

/**
 * Verifies a payment as if no relay had, and opens its card data. Its certificates were loaded.
 *
 * @throws PaymentError with what is wrong; of sealed data only that it was rejected.
 */
export function openPayment(
  claimed: ClaimedPayment,
  options: {
    readonly certificates: CertificateCache;
    readonly keys: ProcessorKeys;
    readonly nowMs: number;
  },
): OpenedPayment {
  const { certificates, keys, nowMs } = options;
  const { context } = claimed.payment;
  const reader = certificates.reader(context.wire.readerCertificateId, nowMs);
  requireSignature(claimed, reader);
  requireThat(reader.serial === context.readerSerial, "MALFORMED_REQUEST", "reader_serial");
  if (context.wire.counter > COUNTER_MAX) {
    throw new PaymentError("MALFORMED_REQUEST", `counter must be at most ${COUNTER_MAX}`);
  }
  const terminal = certificates.terminal(context.wire.terminalCertificateId, nowMs);
  requireThat(terminal.terminalId === context.terminalId, "NOT_PERMITTED", "terminal_id");
  requireThat(terminal.merchantId === context.merchantId, "NOT_PERMITTED", "merchant_id");
  if (keys.manifest.isRevoked(reader.id)) {
    throw new PaymentError("READER_NOT_ACTIVE", "reader certificate is revoked");
  }
  if (keys.manifest.isRevoked(terminal.id)) {
    throw new PaymentError("TERMINAL_NOT_ACTIVE", "terminal certificate is revoked");
  }
  if (!kindRules(context.kind).isTaken) {
    throw new PaymentError("NOT_SUPPORTED", "this kind of payment is not decided here yet");
  }
  return { reader, ...openCardData(claimed, keys) };
}

function requireSignature({ signed }: ClaimedPayment, reader: CheckedReaderCertificate): void {
  const { readerPayment: body, signature } = signed;
  if (!verify({ type: "reader-payment", body, signature, verifier: reader.signing })) {
    throw new PaymentError("SIGNATURE_REJECTED", "payment signature rejected");
  }
}

function requireThat(
  isSo: boolean,
  code: "MALFORMED_REQUEST" | "NOT_PERMITTED",
  field: string,
): void {
  if (!isSo) throw new PaymentError(code, `${field} does not fit the certificate`, { field });
}

function openCardData({ payment, contextDigest }: ClaimedPayment, keys: ProcessorKeys) {
  const agreement = keys.card(payment.context.wire.cardKeyId);
  const bytes = openCardBox({ agreement, contextDigest, sealed: payment.cardBox });
  try {
    const { pan: digits, expirationDate } = strictDecode(CardDataSchema, bytes, "card data");
    if (!/^\d\d(?:0[1-9]|1[0-2])$/.test(expirationDate)) throw new Error("expiration date");
    const pan = Pan.parse(digits);
    return { pan, panToken: cardTokenOf(keys.cardToken, pan), expirationDate };
  } catch {
    // What is wrong with the card data of a genuine reader is nobody's business outside.
    throw new SealedDataRejected("box");
  } finally {
    bytes.fill(0);
  }
}
