import { Certainty, PaymentState } from "../gen/cardlane/payment/v1/payment_pb.ts";

/** What a till makes of what is known about a payment. */
export type PaymentOutcome = "charged" | "not charged" | "unknown" | "never began";

/** The card was charged, or its money is held. */
const CHARGED_STATES: readonly PaymentState[] = [
  PaymentState.APPROVED,
  PaymentState.AUTHORIZED,
  PaymentState.CAPTURED,
];

/** Declined and undone payments are "not charged"; without a state, a fault changed nothing. */
export function outcomeOf(known: {
  readonly certainty: Certainty;
  readonly state: PaymentState;
}): PaymentOutcome {
  if (known.certainty !== Certainty.FINAL) return "unknown";
  if (known.state === PaymentState.UNSPECIFIED) return "never began";
  return CHARGED_STATES.includes(known.state) ? "charged" : "not charged";
}

/** Why a till does not know how a payment ended; the message says what to do. */
export class TillError extends Error {
  override readonly name = "TillError";
  /** INTERRUPTED: nothing was begun. STREAM_CUT: the terminal went away. */
  readonly code: "INTERRUPTED" | "STREAM_CUT";

  constructor(code: TillError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** A payment has begun, and the terminal does not say any more what becomes of it. */
export class PaymentCut extends TillError {
  /** Text UUID. */
  readonly paymentId: string;

  constructor(paymentId: string) {
    const asking = `cardlane query ${paymentId}`;
    super("STREAM_CUT", `the terminal went away during the payment; ask with: ${asking}`);
    this.paymentId = paymentId;
  }
}

/** Ctrl-C at a question, a signal that ended a question, and one while something was awaited. */
const NAMES = ["ExitPromptError", "AbortPromptError", "AbortError"];

/** Whether the person at the keyboard, or the system, ended it. */
export function isInterruption(error: unknown): boolean {
  return error instanceof Error && NAMES.includes(error.name);
}
