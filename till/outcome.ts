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
