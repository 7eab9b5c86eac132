import { PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { CLOCK_TOLERANCE_MS } from "../../payment/clock-difference.ts";
import { enumName } from "../../payment/enum-name.ts";
import { PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import { type CheckedContext, hasSameAmounts } from "../../payment/payment-context.ts";
import { mayBeRepeated } from "../../payment/response-codes.ts";
import type { IncomingPayment } from "./incoming-payment.ts";
import type { BatchFacts, PreviousPayment } from "./payment-facts.ts";

/**
 * How long after the reader's submit_before a relay may still bring a payment for the first time.
 */
const FORWARD_WITHIN_MS = 120_000;

/**
 * Why a payment will not be decided whatever its PIN is; undefined when it may be. For the time
 * before its PIN is asked about: the decision itself looks again.
 */
export function obstacleOf(
  payment: IncomingPayment,
  facts: BatchFacts,
  nowMs: number,
): PaymentError | undefined {
  // An answer that stands is found again by the decision.
  if (facts.existing !== undefined) return refused("WRONG_STATE", "the payment is here already");
  return refusalOf(payment, facts, nowMs);
}

type Check = (payment: IncomingPayment, facts: BatchFacts, nowMs: number) => boolean;

/** Why a payment is not even decided: the first whose check fails. */
const CHECKS: readonly (readonly [PaymentErrorCode, string, Check])[] = [
  ["NOT_PERMITTED", "this relay is not active", (_, facts) => facts.relayState === "ACTIVE"],
  ["READER_UNKNOWN", "reader is not registered", (_, facts) => facts.reader !== undefined],
  // Also of a reader that is suspended for it by now: the same bytes get the same answer.
  [
    "COUNTER_REUSED",
    "the reader's counter was used for another payment",
    (_, facts) => !facts.isCounterUsed,
  ],
  ["READER_NOT_ACTIVE", "reader is not active", (_, facts) => facts.reader?.state === "ACTIVE"],
  [
    "NOT_PERMITTED",
    "reader belongs to another merchant",
    ({ context }, facts) => facts.reader?.merchantId === context.merchantId,
  ],
  ["TERMINAL_UNKNOWN", "terminal is not registered", (_, facts) => facts.terminal !== undefined],
  [
    "TERMINAL_NOT_ACTIVE",
    "terminal is not active",
    (_, facts) => facts.terminal?.state === "ACTIVE",
  ],
  [
    "CURRENCY_NOT_ACCEPTED",
    "currency must be one of the terminal's",
    ({ context }, facts) => facts.terminal?.currencies.includes(context.currency) === true,
  ],
  [
    "CLOCK_WRONG",
    "the reader's clock is fast; set it right",
    ({ context }, _, nowMs) => Number(context.wire.readerTimeMs) <= nowMs + CLOCK_TOLERANCE_MS,
  ],
  [
    "SUBMITTED_TOO_LATE",
    "submit_before is over",
    ({ context }, _, nowMs) => nowMs <= Number(context.wire.submitBeforeMs) + FORWARD_WITHIN_MS,
  ],
  [
    "WRONG_STATE",
    "previous_payment_id must be the same payment, declined for want of a right PIN",
    ({ context }, { previous }) =>
      context.previousPaymentId === undefined || isRetryOf(context, previous),
  ],
];

/** Why a payment is refused by what the ledger knows; undefined when it is to be decided. */
export function refusalOf(
  payment: IncomingPayment,
  facts: BatchFacts,
  nowMs: number,
): PaymentError | undefined {
  const failed = CHECKS.find(([, , holds]) => !holds(payment, facts, nowMs));
  return failed === undefined ? undefined : refused(failed[0], failed[1]);
}

/**
 * A PIN retry differs from the declined payment in id, counter, PIN and the way the card was read.
 */
function isRetryOf(context: CheckedContext, previous: PreviousPayment | undefined): boolean {
  return (
    previous !== undefined &&
    previous.state === "DECLINED" &&
    mayBeRepeated(previous.responseCode) &&
    previous.readerSerial === context.readerSerial &&
    previous.kind === enumName(PaymentKind, context.kind) &&
    previous.currency === context.currency &&
    hasSameAmounts(previous.amounts, context.amounts)
  );
}

function refused(code: PaymentErrorCode, message: string): PaymentError {
  return new PaymentError(code, message);
}
