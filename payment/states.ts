import {
  Certainty,
  NextStep,
  Outcome,
  PaymentKind,
  type PaymentState,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentErrorCode } from "./errors.ts";
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

/** States in which nothing is known for sure yet, and which go on by themselves. */
export const OPEN_STATES: readonly StateName[] = ["RECEIVED", "FORWARDED", "REVERSING"];

export function certaintyOf(state: StateName): Certainty {
  return OPEN_STATES.includes(state) ? Certainty.UNKNOWN : Certainty.FINAL;
}

/**
 * The processor knows the id from another relay, or with other bytes. It will never take these
 * bytes, nor the reversal of them; what it has under the id may be approved.
 */
export const TAKEN_BEFORE: readonly PaymentErrorCode[] = ["OWNED_ELSEWHERE", "DUPLICATE_DIFFERS"];

/**
 * How sure it is that a record is at its end, and what can be done then. The state alone does not
 * say: DECLINED with a fault of TAKEN_BEFORE is no end.
 */
export function endOf(record: {
  readonly state: StateName;
  /** Empty while there is no result. */
  readonly responseCode: string;
  readonly faultCode: string | null | undefined;
}): { readonly certainty: Certainty; readonly nextStep: NextStep } {
  const { state, faultCode } = record;
  if (state === "DECLINED" && TAKEN_BEFORE.some((code) => code === faultCode)) {
    return { certainty: Certainty.UNKNOWN, nextStep: NextStep.RETRY_SAME_ID };
  }
  if (isHeld({ state, faultCode })) {
    return { certainty: Certainty.UNKNOWN, nextStep: NextStep.ASK_OPERATOR };
  }
  const nextStep = nextStepOf(state, record.responseCode || undefined);
  return { certainty: certaintyOf(state), nextStep };
}

/** Whether an order to undo the payment waits for an operator of the processor. */
export function isHeld({
  state,
  faultCode,
}: Pick<Parameters<typeof endOf>[0], "state" | "faultCode">): boolean {
  return state === "REVERSING" && faultCode === HELD;
}

/** Stands in a record for as long as it is held, in place of why it is being undone. */
export const HELD = "REVERSAL_HELD" satisfies PaymentErrorCode;

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
