import {
  Outcome,
  type Result,
  type SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { ShownOutcome } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { CheckedReaderPayment } from "../../payment/payment-context.ts";
import { WRONG_PIN } from "../../payment/response-codes.ts";
import { verifyAnswer } from "../../sealing/boxes/signed-result.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { Manifest } from "../../sealing/keys/manifest.ts";
import type { PresentedCard } from "../card/card-reading.ts";

/** The last answer that was shown, for a higher revision of it and for PIN retries. */
export interface AnsweredPayment {
  readonly payment: CheckedReaderPayment;
  readonly result: Result;
  readonly shown: ShownOutcome;
}

interface AnswerCheck {
  readonly signed: SignedResult | undefined;
  readonly manifest: Manifest;
  readonly payment: CheckedReaderPayment;
  /** What was shown for the same payment before, if anything. */
  readonly before: AnsweredPayment | undefined;
  readonly nowMs: number;
}

/**
 * The reader's own check of the processor's answer: nothing that terminal or relay say is believed.
 *
 * @throws PaymentError SIGNATURE_REJECTED whatever is wrong.
 */
export function checkAnswer(check: AnswerCheck): AnsweredPayment {
  const { signed, manifest, payment, before, nowMs } = check;
  const result = verifyAnswer({ signed, manifest, payment });
  if (nowMs > result.validUntilMs) throw rejected("no longer valid");
  if (before !== undefined && isOlder(result, before.result)) throw rejected("older revision");
  const shown = SHOWN_OF_OUTCOME[result.outcome] ?? ShownOutcome.UNKNOWN;
  return { payment, result, shown };
}

/** Whether `answered` is about the payment that these signed bytes ask for. */
export function isAnswerTo(
  answered: AnsweredPayment | undefined,
  paymentId: Uint8Array,
): answered is AnsweredPayment {
  return answered !== undefined && equalBytes(answered.result.paymentId, paymentId);
}

/** Whether the card can stay where it is for another try at its PIN. */
export function isPinRetryPossible({ result }: AnsweredPayment, card: PresentedCard): boolean {
  return result.responseCode === WRONG_PIN && card.pinRetriesLeft > 0;
}

function isOlder(result: Result, before: Result): boolean {
  if (result.revision !== before.revision) return result.revision < before.revision;
  // Two answers of one revision that say different things: the first one stands.
  return result.outcome !== before.outcome;
}

const SHOWN_OF_OUTCOME: Readonly<Record<Outcome, ShownOutcome>> = {
  [Outcome.UNSPECIFIED]: ShownOutcome.UNKNOWN,
  [Outcome.APPROVED]: ShownOutcome.APPROVED,
  [Outcome.PARTIALLY_APPROVED]: ShownOutcome.APPROVED,
  [Outcome.DECLINED]: ShownOutcome.DECLINED,
  [Outcome.REVERSED]: ShownOutcome.REVERSED,
  [Outcome.VOIDED]: ShownOutcome.REVERSED,
};

function rejected(cause: string): PaymentError {
  return new PaymentError("SIGNATURE_REJECTED", "result rejected", { cause: new Error(cause) });
}
