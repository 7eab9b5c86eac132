import type { Amounts, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PreparePayment } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type PaymentId, paymentIdFromBytes } from "../../payment/identifiers.ts";
import { kindRules } from "../../payment/kinds.ts";
import { type CurrencyCode, type Money, parseCurrency } from "../../payment/money.ts";
import { hasSameAmounts, parseAmounts } from "../../payment/payment-context.ts";

/** The prepare command, checked. */
export interface PreparedPayment {
  readonly paymentId: PaymentId;
  readonly previousPaymentId: PaymentId | undefined;
  readonly kind: PaymentKind;
  readonly amounts: Amounts;
  readonly currency: CurrencyCode;
  readonly acceptPartial: boolean;
}

/** @throws PaymentError saying which field is wrong; NOT_SUPPORTED for another kind. */
export function parsePreparePayment(wire: PreparePayment): PreparedPayment {
  if (!kindRules(wire.kind).isTaken) {
    throw new PaymentError("NOT_SUPPORTED", `the reader takes no card for kind ${wire.kind}`, {
      field: "kind",
    });
  }
  const previous = wire.previousPaymentId;
  return {
    paymentId: paymentIdFromBytes(wire.paymentId),
    previousPaymentId:
      previous.length === 0 ? undefined : paymentIdFromBytes(previous, "previous_payment_id"),
    kind: wire.kind,
    amounts: parseAmounts(wire.amounts, wire.kind),
    currency: parseCurrency(wire.currency),
    acceptPartial: wire.acceptPartial,
  };
}

export function totalOf({ amounts, currency }: PreparedPayment): Money {
  return { amountMinor: amounts.totalMinor, currency };
}

/** Whether one is asked for again with exactly the same terms, as a PIN retry must be. */
export function hasSameTerms(left: PreparedPayment, right: PreparedPayment): boolean {
  return (
    left.kind === right.kind &&
    left.currency === right.currency &&
    left.acceptPartial === right.acceptPartial &&
    hasSameAmounts(left.amounts, right.amounts)
  );
}
