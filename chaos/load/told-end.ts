import { PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { stateOfOutcome } from "../../payment/states.ts";
import type { Settled } from "../../terminal-client/settling/processor-word.ts";
import type { ToldOutcome } from "../history.ts";
import type { PaymentPlan } from "../payment-plan.ts";

/** What a payment's end means to the client that asked for it. */
export function outcomeOf(settled: Settled, { kind }: PaymentPlan): ToldOutcome {
  const { verified } = settled;
  if (verified === undefined) return "NOT TAKEN";
  return stateOfOutcome(verified.result.outcome, PaymentKind[kind]) as ToldOutcome;
}

/** The answer that the processor signed, as far as there is one. */
export function answerOf({ verified }: Settled) {
  if (verified === undefined) return { approvedMinor: 0n, responseCode: "" };
  const { result, signed } = verified;
  const { approvedAmountMinor: approvedMinor, responseCode } = result;
  return { approvedMinor, responseCode, signed };
}
