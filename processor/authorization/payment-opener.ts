import { CardDataSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { Pan } from "../../payment/card.ts";
import { PaymentError } from "../../payment/errors.ts";
import { kindRules } from "../../payment/kinds.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import type { CheckedReaderCertificate } from "../../sealing/keys/certificates.ts";
import { verify } from "../../sealing/keys/dsse.ts";
import { openCardBox } from "../../sealing/open/boxes.ts";
import { SealedDataRejected } from "../../sealing/sealed-data-rejected.ts";
import { cardTokenOf } from "../cards/card-store.ts";
import type { ProcessorKeys } from "../keys/processor-keys.ts";
import type { PinQuestion } from "../pins/pin-client.ts";
import type { CertificateCache } from "../registry/certificate-cache.ts";
import type { IncomingPayment } from "./incoming-payment.ts";

/** Largest counter that both the contract and int8 of PostgreSQL allow. */
const COUNTER_MAX = 2n ** 63n - 1n;

/** Verifies payments as if no relay had, and opens their card data. */
export class PaymentOpener {
  readonly #certificates: Pick<CertificateCache, "load" | "reader" | "terminal">;
  readonly #keys: ProcessorKeys;

  constructor(
    certificates: Pick<CertificateCache, "load" | "reader" | "terminal">,
    keys: ProcessorKeys,
  ) {
    this.#certificates = certificates;
    this.#keys = keys;
  }

  /** Reads the certificates that these payments name, to be awaited before they are opened. */
  load(payments: readonly IncomingPayment[]): Promise<void> {
    return this.#certificates.load(payments.map(({ context }) => context.wire));
  }

  /**
   * The payment gains its `content`. Its certificates were loaded.
   *
   * @returns what to ask the PIN service; undefined without an online PIN. The card number is in it
   *   and nowhere else.
   * @throws PaymentError with what is wrong; of sealed data only that it was rejected.
   */
  open(payment: IncomingPayment, nowMs: number): PinQuestion | undefined {
    const { context } = payment;
    const reader = this.#requireGenuine(payment, nowMs);
    const { pan, expirationDate } = openCardData(payment, this.#keys);
    payment.content = {
      signing: { keyId: reader.signing.keyId, counter: context.wire.counter },
      panToken: cardTokenOf(this.#keys.cardToken, pan),
      lastFour: pan.lastFour,
      scheme: pan.scheme,
      expirationDate,
    };
    const { contextBytes, pinBox, digest, span } = payment;
    if (pinBox.length === 0) return undefined;
    const { dukptInitialKeyId } = reader.wire;
    return { contextBytes, pinBox, pan, digest, dukptInitialKeyId, traceparent: span.traceparent };
  }

  /** @returns the certificate of the reader that signed it. */
  #requireGenuine(payment: IncomingPayment, nowMs: number): CheckedReaderCertificate {
    const { context } = payment;
    const reader = this.#certificates.reader(context.wire.readerCertificateId, nowMs);
    requireSignature(payment, reader);
    requireThat(reader.serial === context.readerSerial, "MALFORMED_REQUEST", "reader_serial");
    if (context.wire.counter > COUNTER_MAX) {
      throw new PaymentError("MALFORMED_REQUEST", `counter must be at most ${COUNTER_MAX}`);
    }
    const terminal = this.#certificates.terminal(context.wire.terminalCertificateId, nowMs);
    requireThat(terminal.terminalId === context.terminalId, "NOT_PERMITTED", "terminal_id");
    requireThat(terminal.merchantId === context.merchantId, "NOT_PERMITTED", "merchant_id");
    const { manifest } = this.#keys;
    if (manifest.isRevoked(reader.id)) {
      throw new PaymentError("READER_NOT_ACTIVE", "reader certificate is revoked");
    }
    if (manifest.isRevoked(terminal.id)) {
      throw new PaymentError("TERMINAL_NOT_ACTIVE", "terminal certificate is revoked");
    }
    if (!kindRules(context.kind).isTaken) {
      throw new PaymentError("NOT_SUPPORTED", "this kind of payment is not decided here yet");
    }
    return reader;
  }
}

function requireSignature({ signed }: IncomingPayment, reader: CheckedReaderCertificate): void {
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

function openCardData(payment: IncomingPayment, keys: ProcessorKeys) {
  const { context, contextDigest, cardBox: sealed } = payment;
  const agreement = keys.card(context.wire.cardKeyId);
  const bytes = openCardBox({ agreement, contextDigest, sealed });
  try {
    const { pan, expirationDate } = strictDecode(CardDataSchema, bytes, "card data");
    if (!/^\d\d(?:0[1-9]|1[0-2])$/.test(expirationDate)) throw new Error("expiration date");
    return { pan: Pan.parse(pan), expirationDate };
  } catch {
    // What is wrong with the card data of a genuine reader is nobody's business outside.
    throw new SealedDataRejected("card data");
  } finally {
    bytes.fill(0);
  }
}
