import { Certainty, PaymentState } from "../gen/cardlane/payment/v1/payment_pb.ts";

/** What scripts read from a command's end. `error`: the question itself was not answered. */
export const EXIT_CODES = { approved: 0, error: 1, declined: 2, unknown: 3 } as const;

const APPROVED_STATES: readonly PaymentState[] = [
  PaymentState.APPROVED,
  PaymentState.AUTHORIZED,
  PaymentState.CAPTURED,
];

/**
 * Exit code of what is known about a payment. Undone payments count as declined: nothing is
 * charged. A fault that surely changed nothing is an error.
 */
export function exitCodeOf(known: {
  readonly certainty: Certainty;
  readonly state: PaymentState;
}): number {
  if (known.certainty !== Certainty.FINAL) return EXIT_CODES.unknown;
  if (known.state === PaymentState.UNSPECIFIED) return EXIT_CODES.error;
  return APPROVED_STATES.includes(known.state) ? EXIT_CODES.approved : EXIT_CODES.declined;
}
