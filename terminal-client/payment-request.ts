import { create } from "@bufbuild/protobuf";
import { type Amounts, AmountsSchema, PaymentKind } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { type StartPayment, StartPaymentSchema } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import { PaymentError } from "../payment/errors.ts";
import { type PaymentId, parsePaymentId } from "../payment/identifiers.ts";
import { kindRules } from "../payment/kinds.ts";
import { type CurrencyCode, parseCurrency } from "../payment/money.ts";
import { hasSameAmounts, parseAmounts } from "../payment/payment-context.ts";

/** What a till asks for. */
export interface PaymentRequest {
  /** Chosen by the till to be able to repeat; undefined: the terminal makes one. */
  readonly paymentId?: PaymentId | undefined;
  readonly kind: PaymentKind;
  readonly amounts: Amounts;
  readonly currency: CurrencyCode;
  /** Whether less than the total is acceptable. */
  readonly acceptPartial: boolean;
  /** The declined payment that this one repeats with a PIN or with the chip. */
  readonly previousPaymentId?: PaymentId | undefined;
  /** W3C trace context of the till; empty or undefined: the terminal begins a trace. */
  readonly traceparent?: string | undefined;
}

/** A request for a payment that has its id. */
export type IdentifiedRequest = PaymentRequest & { readonly paymentId: PaymentId };

/** A plain sale: `saleOf(1250n, EUR)` asks for 12.50 EUR. */
export function saleOf(totalMinor: bigint, currency: CurrencyCode): PaymentRequest {
  const amounts = create(AmountsSchema, { totalMinor });
  return { kind: PaymentKind.SALE, amounts, currency, acceptPartial: false };
}

/** @throws PaymentError saying which field is wrong; NOT_SUPPORTED for a kind without a card. */
export function parseStartPayment(wire: StartPayment): PaymentRequest {
  if (wire.kind === PaymentKind.UNSPECIFIED) {
    throw new PaymentError("MALFORMED_REQUEST", "kind is required", { field: "kind" });
  }
  if (!kindRules(wire.kind).isTaken) {
    throw new PaymentError("NOT_SUPPORTED", `kind ${wire.kind} takes no card at a terminal`, {
      field: "kind",
    });
  }
  return {
    paymentId: wire.paymentId === "" ? undefined : parsePaymentId(wire.paymentId),
    kind: wire.kind,
    amounts: parseAmounts(wire.amounts, wire.kind),
    currency: parseCurrency(wire.currency),
    acceptPartial: wire.acceptPartial,
    previousPaymentId:
      wire.previousPaymentId === ""
        ? undefined
        : parsePaymentId(wire.previousPaymentId, "previous_payment_id"),
    traceparent: wire.traceparent,
  };
}

/** The way back, for the journal. */
export function startPaymentOf(request: PaymentRequest, paymentId: PaymentId): StartPayment {
  return create(StartPaymentSchema, {
    paymentId,
    kind: request.kind,
    amounts: request.amounts,
    currency: request.currency,
    acceptPartial: request.acceptPartial,
    previousPaymentId: request.previousPaymentId ?? "",
    traceparent: request.traceparent ?? "",
  });
}

/** Fields, in proto spelling, in which two requests differ; ids and trace contexts aside. */
export function differingTerms(left: PaymentRequest, right: PaymentRequest): readonly string[] {
  const same = {
    kind: left.kind === right.kind,
    currency: left.currency === right.currency,
    accept_partial: left.acceptPartial === right.acceptPartial,
    previous_payment_id: left.previousPaymentId === right.previousPaymentId,
    amounts: hasSameAmounts(left.amounts, right.amounts),
  };
  return Object.entries(same).flatMap(([name, isSame]) => (isSame ? [] : [name]));
}

/** The id that a till repeats is that of a payment with other terms. @param terms those. */
export function duplicateDiffers(terms: readonly string[]): PaymentError {
  const field = "payment_id";
  const message = `${field} stands for another payment, it differs in ${terms.join(", ")}`;
  return new PaymentError("DUPLICATE_DIFFERS", message, { field });
}
