import { PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { ShownOutcome } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { formatMoney, type Money } from "../../payment/money.ts";
import { type PreparedPayment, totalOf } from "./prepared-payment.ts";

/** What a reader's display shows. */
export interface Display {
  readonly lines: readonly string[];
  /** The outcome that is shown; unspecified while there is none. */
  readonly shown: ShownOutcome;
}

export const WELCOME: Display = plain("Welcome");
export const CANCELLED: Display = plain("CANCELLED", "Nothing was charged");
export const NO_ANSWER: Display = {
  lines: ["UNKNOWN", "Wait for the cashier"],
  shown: ShownOutcome.UNKNOWN,
};

/** The amount that will be signed and the merchant that asks for it. */
export function promptFor(
  prepared: PreparedPayment,
  merchantName: string,
  prompt: string,
): Display {
  return plain(merchantName, describe(prepared), prompt);
}

/** @param approved what the processor approved, which may be less than was asked for. */
export function outcomeDisplay(shown: ShownOutcome, approved: Money): Display {
  switch (shown) {
    case ShownOutcome.APPROVED:
      return { lines: ["APPROVED", formatMoney(approved)], shown };
    case ShownOutcome.DECLINED:
      return { lines: ["DECLINED", "Nothing was charged"], shown };
    case ShownOutcome.REVERSED:
      return { lines: ["REVERSED", "Nothing was charged"], shown };
    default:
      return NO_ANSWER;
  }
}

function describe(prepared: PreparedPayment): string {
  if (prepared.kind === PaymentKind.BALANCE_ENQUIRY) return "Balance enquiry";
  const amount = formatMoney(totalOf(prepared));
  return prepared.kind === PaymentKind.REFUND ? `Refund ${amount}` : amount;
}

function plain(...lines: readonly string[]): Display {
  return { lines, shown: ShownOutcome.UNSPECIFIED };
}
