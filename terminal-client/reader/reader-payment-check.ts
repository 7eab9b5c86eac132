import type { SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import {
  type CheckedReaderPayment,
  hasSameAmounts,
  parseReaderPayment,
} from "../../payment/payment-context.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type {
  CheckedReaderCertificate,
  CheckedTerminalCertificate,
} from "../../sealing/keys/certificates.ts";
import { verify } from "../../sealing/keys/dsse.ts";
import type { SignedEntry } from "../journal/journal.ts";

/**
 * Checks that the reader signed exactly what it was asked to sign, before the bytes go anywhere.
 *
 * @param asked with the card that the reader told and the till has confirmed.
 * @throws PaymentError SIGNATURE_REJECTED naming the first field that differs.
 */
export function checkReaderPayment(
  payment: SignedPayment | undefined,
  asked: Pick<SignedEntry, "paymentId" | "request" | "card">,
  reader: CheckedReaderCertificate,
  terminal: CheckedTerminalCertificate,
): CheckedReaderPayment {
  const { request, card } = asked;
  if (payment === undefined) throw differs("payment");
  const { readerPayment: body, signature } = payment;
  if (!verify({ type: "reader-payment", body, signature, verifier: reader.signing })) {
    throw differs("signature");
  }
  const checked = parseReaderPayment(body);
  const { context } = checked;
  const { wire } = context;
  const same: Readonly<Record<string, boolean>> = {
    payment_id: context.paymentId === asked.paymentId,
    previous_payment_id: context.previousPaymentId === request.previousPaymentId,
    kind: context.kind === request.kind,
    amounts: hasSameAmounts(context.amounts, request.amounts),
    currency: context.currency === request.currency,
    accept_partial: wire.acceptPartial === request.acceptPartial,
    merchant_id: context.merchantId === terminal.merchantId,
    terminal_id: context.terminalId === terminal.terminalId,
    terminal_certificate_id: equalBytes(wire.terminalCertificateId, terminal.id),
    reader_serial: context.readerSerial === reader.serial,
    reader_certificate_id: equalBytes(wire.readerCertificateId, reader.id),
    entry_mode: wire.entryMode === card.entryMode,
    verification: wire.verification === card.verification,
  };
  const different = Object.keys(same).find((field) => same[field] === false);
  if (different !== undefined) throw differs(different);
  return checked;
}

function differs(field: string): PaymentError {
  return new PaymentError(
    "SIGNATURE_REJECTED",
    `the reader signed something else than what it was asked for: ${field}`,
    { field },
  );
}
