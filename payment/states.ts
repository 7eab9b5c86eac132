import {
  Certainty,
  NextStep,
  Outcome,
  PaymentKind,
  type PaymentState,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { responseCode } from "./response-codes.ts";

/** A state by its name, as it stands in the databases and in spans. */
export type StateName = Exclude<keyof typeof PaymentState, "UNSPECIFIED">;

/** Which state may follow which. Monotone: no way leads back. */
export const PAYMENT_TRANSITIONS = {
  RECEIVED: ["FORWARDED", "REVERSING"],
  FORWARDED: ["APPROVED", "AUTHORIZED", "DECLINED", "REVERSING"],
  REVERSING: ["REVERSED", "DECLINED"],
  AUTHORIZED: ["CAPTURED", "VOIDED", "EXPIRED", "REVERSED"],
  APPROVED: ["VOIDED", "REVERSED"],
  CAPTURED: [],
  DECLINED: [],
  REVERSED: [],
  VOIDED: [],
  EXPIRED: [],
} as const satisfies Record<StateName, readonly StateName[]>;

export function mayFollow(from: StateName, to: StateName): boolean {
  return (PAYMENT_TRANSITIONS[from] as readonly StateName[]).includes(to);
}

/** States in which nothing is known for sure yet. */
const OPEN_STATES: readonly StateName[] = ["RECEIVED", "FORWARDED", "REVERSING"];

export function certaintyOf(state: StateName): Certainty {
  return OPEN_STATES.includes(state) ? Certainty.UNKNOWN : Certainty.FINAL;
}

/** @param code response code (DE 39) of the result, or undefined while there is none. */
export function nextStepOf(state: StateName, code: string | undefined): NextStep {
  if (state === "REVERSING") return NextStep.WAIT_FOR_REVERSAL;
  if (OPEN_STATES.includes(state)) return NextStep.WAIT;
  if (state === "DECLINED" && code !== undefined) return responseCode(code).nextStep;
  return NextStep.NONE;
}

/** The state of an approval: an authorization holds the money, every other kind has moved it. */
export function approvedStateOf(kind: PaymentKind): "APPROVED" | "AUTHORIZED" {
  return kind === PaymentKind.AUTHORIZATION ? "AUTHORIZED" : "APPROVED";
}

/** Whether an approval stands in this state of a payment, record or notification. */
export function isApproved(state: string): boolean {
  return state === "APPROVED" || state === "AUTHORIZED";
}

/** The state that a processor's result brings to a record. */
export function stateOfOutcome(outcome: Outcome, kind: PaymentKind): StateName {
  switch (outcome) {
    case Outcome.APPROVED:
    case Outcome.PARTIALLY_APPROVED:
      return approvedStateOf(kind);
    case Outcome.DECLINED:
      return "DECLINED";
    case Outcome.REVERSED:
      return "REVERSED";
    case Outcome.VOIDED:
      return "VOIDED";
    default:
      throw new Error(`bug: a result came with outcome ${outcome}`);
  }
}
