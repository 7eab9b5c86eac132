import { create } from "@bufbuild/protobuf";
import {
  Certainty,
  NextStep,
  type PaymentFault,
  PaymentFaultSchema,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { withoutCardNumbers } from "./card-number-text.ts";

/**
 * Every way in which cardlane refuses or fails, and what the caller may do then. gRPC status
 * numbers are those of google.rpc.Code. Each row has its line in docs/failure-modes.md.
 */
export const PAYMENT_ERRORS = {
  // The request can never be accepted as it is.
  MALFORMED_REQUEST: row(3, "FINAL", "CORRECT_REQUEST"),
  AMOUNT_OUT_OF_RANGE: row(3, "FINAL", "CORRECT_REQUEST"),
  CURRENCY_NOT_ACCEPTED: row(3, "FINAL", "CORRECT_REQUEST"),
  FRAME_TOO_LARGE: row(8, "FINAL", "CORRECT_REQUEST"),
  SIGNATURE_REJECTED: row(3, "FINAL", "DO_NOT_RETRY"),
  SEALED_DATA_REJECTED: row(3, "FINAL", "DO_NOT_RETRY"),
  KEY_NOT_VALID: row(9, "FINAL", "CORRECT_REQUEST"),
  SUBMITTED_TOO_LATE: row(9, "FINAL", "CORRECT_REQUEST"),
  CLOCK_WRONG: row(9, "FINAL", "CORRECT_REQUEST"),

  // Who asks.
  UNAUTHENTICATED: row(16, "FINAL", "CORRECT_REQUEST"),
  NOT_PERMITTED: row(7, "FINAL", "DO_NOT_RETRY"),
  READER_UNKNOWN: row(7, "FINAL", "DO_NOT_RETRY"),
  READER_NOT_ACTIVE: row(7, "FINAL", "DO_NOT_RETRY"),
  TERMINAL_UNKNOWN: row(7, "FINAL", "DO_NOT_RETRY"),
  TERMINAL_NOT_ACTIVE: row(7, "FINAL", "DO_NOT_RETRY"),
  CERTIFICATE_REJECTED: row(16, "FINAL", "DO_NOT_RETRY"),

  // What is already there.
  DUPLICATE_DIFFERS: row(6, "FINAL", "DO_NOT_RETRY"),
  COUNTER_REUSED: row(6, "FINAL", "DO_NOT_RETRY"),
  ALREADY_SIGNED: row(9, "UNKNOWN", "RETRY_SAME_ID"),
  OWNED_ELSEWHERE: row(9, "UNKNOWN", "RETRY_SAME_ID"),
  PAYMENT_NOT_FOUND: row(5, "UNKNOWN", "RETRY_SAME_ID"),
  WRONG_STATE: row(9, "FINAL", "DO_NOT_RETRY"),
  REVERSAL_HELD: row(9, "UNKNOWN", "ASK_OPERATOR"),
  NEEDS_SECOND_OPERATOR: row(9, "UNKNOWN", "ASK_OPERATOR"),

  // At the reader.
  READER_BUSY: row(9, "FINAL", "WAIT"),
  CARD_NOT_READ: row(9, "FINAL", "INSERT_CARD"),
  CARD_REMOVED: row(9, "FINAL", "INSERT_CARD"),
  PIN_NOT_ENTERED: row(9, "FINAL", "ENTER_PIN"),
  CANCELLED: row(1, "FINAL", "NONE"),
  TAKEN_OVER: row(10, "UNKNOWN", "RETRY_SAME_ID"),

  // Not now. Nothing was accepted, unless the certainty says unknown.
  OVERLOADED: row(8, "FINAL", "RETRY_SAME_ID"),
  DRAINING: row(14, "FINAL", "RETRY_SAME_ID"),
  UPSTREAM_NOT_REACHED: row(14, "UNKNOWN", "RETRY_SAME_ID"),
  STORE_NOT_REACHED: row(14, "UNKNOWN", "RETRY_SAME_ID"),
  DEADLINE_EXCEEDED: row(4, "UNKNOWN", "RETRY_SAME_ID"),
  STREAM_CUT: row(14, "UNKNOWN", "RETRY_SAME_ID"),
  NOT_SUPPORTED: row(12, "FINAL", "DO_NOT_RETRY"),
  INTERNAL: row(13, "UNKNOWN", "RETRY_SAME_ID"),
} as const satisfies Record<string, ErrorRow>;

export type PaymentErrorCode = keyof typeof PAYMENT_ERRORS;

interface ErrorRow {
  /** google.rpc.Code, 1 to 16. */
  readonly grpcStatus: number;
  /** Whether it is sure that nothing happened to the payment. */
  readonly certainty: Certainty;
  readonly nextStep: NextStep;
}

/** Facts beside the message; never card data. */
interface ErrorFacts {
  /** Request field that was wrong, in proto spelling: "amounts.total_minor". */
  readonly field?: string;
  /** Milliseconds before trying again makes sense; by default a second for OVERLOADED. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
  /**
   * A payment that may be charged whatever became of the request, as text, empty while it has no
   * id: certainty is then UNKNOWN and the next step RETRY_SAME_ID, whatever the code's row says.
   */
  readonly openPaymentId?: string | undefined;
}

/** When whoever was refused because of too much load may come again, unless said otherwise. */
const RELIEF_MS = 1_000;

const OPEN = { certainty: Certainty.UNKNOWN, nextStep: NextStep.RETRY_SAME_ID } as const;

/**
 * The one error class of cardlane. `message` says what was expected and what came. It goes to
 * callers, tills and logs, so whatever came, no card number is in it.
 */
export class PaymentError extends Error {
  readonly code: PaymentErrorCode;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly openPaymentId: string | undefined;

  constructor(code: PaymentErrorCode, message: string, facts: ErrorFacts = {}) {
    super(
      withoutCardNumbers(message),
      facts.cause === undefined ? undefined : { cause: facts.cause },
    );
    this.name = "PaymentError";
    this.code = code;
    this.field = facts.field;
    this.openPaymentId = facts.openPaymentId;
    this.retryAfterMs = facts.retryAfterMs ?? (code === "OVERLOADED" ? RELIEF_MS : undefined);
  }

  get row(): ErrorRow {
    const codes = PAYMENT_ERRORS[this.code];
    // What is unknown by itself says better what to do than that the payment is open.
    const isFinalNoMore = this.openPaymentId !== undefined && codes.certainty === Certainty.FINAL;
    return isFinalNoMore ? { ...codes, ...OPEN } : codes;
  }
}

/** Whether `text` names a row of the table, for codes that come over the wire. */
export function isPaymentErrorCode(text: string): text is PaymentErrorCode {
  return Object.hasOwn(PAYMENT_ERRORS, text);
}

function row(
  grpcStatus: number,
  certainty: keyof typeof Certainty,
  nextStep: keyof typeof NextStep,
): ErrorRow {
  return { grpcStatus, certainty: Certainty[certainty], nextStep: NextStep[nextStep] };
}

/**
 * What the other side of a stream gets to know of an error that concerns one payment. Anything but
 * a PaymentError becomes INTERNAL and nothing more; the caller logs it.
 */
export function faultOf(error: unknown): PaymentFault {
  const known =
    error instanceof PaymentError ? error : new PaymentError("INTERNAL", "internal error");
  return create(PaymentFaultSchema, {
    code: known.code,
    message: known.message,
    certainty: known.row.certainty,
    nextStep: known.row.nextStep,
    retryAfterMs: Math.ceil(known.retryAfterMs ?? 0),
  });
}

/** The way back. A code that this version does not know counts as INTERNAL: nothing is sure. */
export function errorOfFault(fault: PaymentFault): PaymentError {
  const code = isPaymentErrorCode(fault.code) ? fault.code : "INTERNAL";
  const retryAfter = fault.retryAfterMs > 0 ? { retryAfterMs: fault.retryAfterMs } : {};
  return new PaymentError(code, fault.message, retryAfter);
}

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
  REVERSAL_HELD: "an operator has to decide whether it is undone",
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
