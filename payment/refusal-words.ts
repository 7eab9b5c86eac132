import type { PaymentErrorCode } from "./errors.ts";

/**
 * Why a payment was undone or not taken, in words for whoever reads a record or a till's report. A
 * relay keeps the code of a refusal, and not what else was said with it.
 */
const WORDS: Partial<Readonly<Record<PaymentErrorCode, string>>> = {
  AMOUNT_OUT_OF_RANGE: "the amount is too small or too large",
  CERTIFICATE_REJECTED: "a certificate of the terminal or the reader is not accepted",
  COUNTER_REUSED: "the reader used a counter twice: it was restored, or copied",
  CURRENCY_NOT_ACCEPTED: "the merchant takes no payments in this currency",
  DEADLINE_EXCEEDED: "there was no decision in time",
  DUPLICATE_DIFFERS: "the payment id stands for another payment",
  KEY_NOT_VALID: "the reader sealed the card with a key that is not valid",
  MALFORMED_REQUEST: "the payment is not made as the contract asks",
  NOT_SUPPORTED: "this kind of payment is not processed",
  OWNED_ELSEWHERE: "another relay brought this payment, and knows how it ended",
  READER_NOT_ACTIVE: "the reader is suspended or retired",
  READER_UNKNOWN: "the reader is not registered",
  SEALED_DATA_REJECTED: "the sealed card data could not be opened",
  SIGNATURE_REJECTED: "the reader's signature does not hold",
  SUBMITTED_TOO_LATE: "the payment came too long after the card was read",
  TERMINAL_NOT_ACTIVE: "the terminal is suspended or retired",
  TERMINAL_UNKNOWN: "the terminal is not registered",
};

/** A sentence without its full stop. */
export function refusalWords(code: PaymentErrorCode): string {
  const why = WORDS[code];
  const what = "the processor did not take this payment";
  return why === undefined ? what : `${what}: ${why}`;
}
