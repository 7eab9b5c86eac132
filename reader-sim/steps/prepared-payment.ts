import { type Amounts, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PreparePayment } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type PaymentId, paymentIdFromBytes } from "../../payment/identifiers.ts";
import { type CurrencyCode, type Money, parseCurrency } from "../../payment/money.ts";
import { parseAmounts } from "../../payment/payment-context.ts";

/** The prepare command, checked. */
export interface PreparedPayment {
  readonly paymentId: PaymentId;
  readonly previousPaymentId: PaymentId | undefined;
  readonly kind: PaymentKind;
  readonly amounts: Amounts;
  readonly currency: CurrencyCode;
  readonly acceptPartial: boolean;
}

/** Kinds that this reader takes a card for; offline kinds come with store and forward. */
const KINDS: readonly PaymentKind[] = [
  PaymentKind.SALE,
  PaymentKind.AUTHORIZATION,
  PaymentKind.REFUND,
  PaymentKind.BALANCE_ENQUIRY,
];

/** @throws PaymentError saying which field is wrong; NOT_SUPPORTED for another kind. */
export function parsePreparePayment(wire: PreparePayment): PreparedPayment {
  if (!KINDS.includes(wire.kind)) {
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
    AMOUNT_PARTS.every((part) => left.amounts[part] === right.amounts[part])
  );
}

const AMOUNT_PARTS = ["totalMinor", "tipMinor", "cashbackMinor", "surchargeMinor"] as const;
