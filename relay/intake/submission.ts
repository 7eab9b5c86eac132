import {
  PaymentContextSchema,
  type SignedPayment,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { HopSpan } from "../../mesh/tracing/telemetry.ts";
import { PaymentError } from "../../payment/errors.ts";
import {
  type PaymentId,
  parseReaderSerial,
  paymentIdFromBytes,
  type TerminalKey,
  terminalName,
} from "../../payment/identifiers.ts";
import { kindRules } from "../../payment/kinds.ts";
import {
  type CheckedContext,
  type CheckedReaderPayment,
  decodeReaderPayment,
  parseReaderPayment,
} from "../../payment/payment-context.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import { sha512 } from "../../sealing/curves/hash.ts";
import type { CheckedTerminalCertificate } from "../../sealing/keys/certificates.ts";
import { digest, verify } from "../../sealing/keys/dsse.ts";
import type { Manifest } from "../../sealing/keys/manifest.ts";
import type { CheckedSubmission, SignedSubmission } from "../records/relay-record.ts";
import {
  isActive,
  type KnownReader,
  type KnownTerminal,
  type Registry,
} from "../registry/registry.ts";

/** What can be told of submitted bytes before anything of them is believed. */
export interface UncheckedSubmission {
  readonly payment: SignedPayment;
  readonly paymentId: PaymentId;
  readonly readerSerial: string;
  readonly readerCertificateId: Uint8Array;
  /** What parsing them gave: to be looked at only after the signature was verified. */
  readonly parsed: CheckedReaderPayment | PaymentError;
}

/**
 * Finds out which payment a frame is about.
 *
 * @throws PaymentError MALFORMED_REQUEST when that cannot be told.
 */
export function addressSubmission(payment: SignedPayment | undefined): UncheckedSubmission {
  if (payment === undefined) {
    const field = "submit.payment";
    throw new PaymentError("MALFORMED_REQUEST", `${field} is required, got nothing`, { field });
  }
  const parsed = parseOrError(payment.readerPayment);
  const wire =
    parsed instanceof PaymentError
      ? strictDecode(
          PaymentContextSchema,
          decodeReaderPayment(payment.readerPayment).context,
          "context",
        )
      : parsed.context.wire;
  return {
    payment,
    paymentId: paymentIdFromBytes(wire.paymentId),
    readerSerial: wire.readerSerial,
    readerCertificateId: wire.readerCertificateId,
    parsed,
  };
}

function parseOrError(readerPayment: Uint8Array): CheckedReaderPayment | PaymentError {
  try {
    return parseReaderPayment(readerPayment);
  } catch (error) {
    if (error instanceof PaymentError) return error;
    throw error;
  }
}

/** The checks of one payment against keys and registry, in the order in which they are reported. */
export class SubmissionCheck {
  readonly #registry: Registry;
  readonly #manifest: () => Manifest | undefined;

  /** @param manifest the processor's current one; it names revoked certificates. */
  constructor(registry: Registry, manifest: () => Manifest | undefined) {
    this.#registry = registry;
    this.#manifest = manifest;
  }

  /**
   * @param streamTerminal of the stream's TLS identity; undefined in plaintext.
   * @throws PaymentError
   */
  async check(
    submission: UncheckedSubmission,
    streamTerminal: TerminalKey | undefined,
    span: HopSpan,
  ): Promise<CheckedSubmission> {
    const registryRevision = await this.#registry.revision();
    const reader = await this.#signingReader(submission, (registered, named) =>
      this.#isCurrent(registered, named),
    );
    const signed = signedSubmission(submission, span);
    const { context } = signed;
    requireSupported(context);
    requireActive(reader);
    requireMerchant(reader, context);
    const known = await this.#registry.terminal(context);
    const { wire } = this.#requireTerminal(known, context, streamTerminal);
    const { merchantCategoryCode } = wire;
    return { ...signed, merchantCategoryCode, registryRevision };
  }

  /** The registry has changed: what is known of it is read again. */
  expire(): void {
    this.#registry.forget();
  }

  /**
   * What a reader signed of a payment that is to be undone. Whether its devices may pay today does
   * not matter to that, nor whether its certificate was renewed since for the same signing key.
   *
   * @throws PaymentError when no reader that is registered with the payment's merchant signed it.
   */
  readonly checkToUndo = async (
    payment: SignedPayment,
    span: HopSpan,
  ): Promise<SignedSubmission> => {
    const submission = addressSubmission(payment);
    const reader = await this.#signingReader(
      submission,
      (registered, named) => !this.#isRevoked(registered) && !this.#isRevoked(named),
    );
    const signed = signedSubmission(submission, span);
    requireMerchant(reader, signed.context);
    return signed;
  };

  /**
   * The registered reader whose signature is under these bytes.
   *
   * @param isCertificateFit of the ids of its certificate and of the one that the bytes name.
   */
  async #signingReader(
    submission: UncheckedSubmission,
    isCertificateFit: (registeredId: Uint8Array, namedId: Uint8Array) => boolean,
  ): Promise<KnownReader> {
    const { payment, readerCertificateId } = submission;
    const serial = parseReaderSerial(submission.readerSerial);
    const reader = await this.#registry.reader(serial);
    if (reader === undefined) {
      throw new PaymentError("READER_UNKNOWN", `reader ${serial} is not registered here`);
    }
    const { checked } = reader;
    if (checked === undefined || !isCertificateFit(checked.id, readerCertificateId)) {
      throw new PaymentError("CERTIFICATE_REJECTED", "reader certificate rejected");
    }
    const isSigned = verify({
      type: "reader-payment",
      body: payment.readerPayment,
      signature: payment.signature,
      verifier: checked.signing,
    });
    if (!isSigned) throw new PaymentError("SIGNATURE_REJECTED", "reader signature rejected");
    return reader;
  }

  #requireTerminal(
    terminal: KnownTerminal | undefined,
    context: CheckedContext,
    streamTerminal: TerminalKey | undefined,
  ): CheckedTerminalCertificate {
    const { currency } = context;
    const name = terminalName(context);
    if (streamTerminal !== undefined && terminalName(streamTerminal) !== name) {
      const expected = terminalName(streamTerminal);
      const message = `a payment on this stream must be of terminal ${expected}`;
      throw new PaymentError("NOT_PERMITTED", `${message}, got ${name}`);
    }
    if (terminal === undefined) {
      throw new PaymentError("TERMINAL_UNKNOWN", `terminal ${name} is not registered here`);
    }
    const { checked } = terminal;
    if (checked === undefined || !this.#isCurrent(checked.id, context.wire.terminalCertificateId)) {
      throw new PaymentError("CERTIFICATE_REJECTED", "terminal certificate rejected");
    }
    if (!isActive(terminal)) {
      throw new PaymentError("TERMINAL_NOT_ACTIVE", `terminal ${name} is not active`);
    }
    if (!terminal.currencies.includes(currency)) {
      throw new PaymentError(
        "CURRENCY_NOT_ACCEPTED",
        `currency must be one of ${terminal.currencies.join(", ")}, got ${currency}`,
        { field: "currency" },
      );
    }
    return checked;
  }

  #isCurrent(registeredId: Uint8Array, namedId: Uint8Array): boolean {
    return equalBytes(registeredId, namedId) && !this.#isRevoked(registeredId);
  }

  #isRevoked(certificateId: Uint8Array): boolean {
    return this.#manifest()?.isRevoked(certificateId) === true;
  }
}

function requireSupported({ kind }: CheckedContext): void {
  if (!kindRules(kind).isTaken) {
    throw new PaymentError("NOT_SUPPORTED", "payments taken offline are not supported yet");
  }
}

/** To be called after the signature was verified. @throws PaymentError why it is no payment. */
function signedSubmission({ payment, parsed }: UncheckedSubmission, span: HopSpan) {
  if (parsed instanceof PaymentError) throw parsed;
  const { context, contextBytes } = parsed;
  return {
    payment,
    context,
    contextBytes,
    digest: sha512(payment.readerPayment),
    contextDigest: digest("payment-context", contextBytes),
    span,
  };
}

function requireActive(reader: KnownReader): void {
  if (isActive(reader)) return;
  throw new PaymentError("READER_NOT_ACTIVE", `reader ${reader.serial} is not active`);
}

function requireMerchant(reader: KnownReader, { merchantId }: CheckedContext): void {
  if (reader.merchantId !== merchantId) {
    throw new PaymentError("NOT_PERMITTED", `reader ${reader.serial} is of another merchant`);
  }
}
