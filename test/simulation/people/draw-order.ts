import { create } from "@bufbuild/protobuf";
import { AmountsSchema, PaymentKind } from "../../../gen/cardlane/payment/v1/payment_pb.ts";
import { currencyFromLetters } from "../../../payment/money.ts";
import type { PaymentRequest } from "../../../terminal-client/payment-request.ts";
import type { Dice } from "../world/dice.ts";

export const EUR = currencyFromLetters("EUR");

const TIP_MINOR = 150n;
const CASHBACK_MINOR = 200n;

interface Shape {
  readonly kind: PaymentKind;
  readonly parts?: { readonly tipMinor?: bigint; readonly cashbackMinor?: bigint };
}

/** About as often as they stand here. */
const SHAPES: readonly Shape[] = [
  { kind: PaymentKind.SALE },
  { kind: PaymentKind.SALE },
  { kind: PaymentKind.SALE },
  { kind: PaymentKind.SALE, parts: { tipMinor: TIP_MINOR } },
  { kind: PaymentKind.SALE, parts: { cashbackMinor: CASHBACK_MINOR } },
  { kind: PaymentKind.AUTHORIZATION },
  { kind: PaymentKind.REFUND },
  { kind: PaymentKind.BALANCE_ENQUIRY },
];

/** What a cashier asks for. @param totalMinor of whatever moves money. */
export function drawOrder(dice: Dice, totalMinor: bigint): PaymentRequest {
  const { kind, parts = {} } = dice.pick(SHAPES);
  const isEnquiry = kind === PaymentKind.BALANCE_ENQUIRY;
  const amounts = create(AmountsSchema, { totalMinor: isEnquiry ? 0n : totalMinor, ...parts });
  return { kind, amounts, currency: EUR, acceptPartial: dice.chance(0.4) };
}
