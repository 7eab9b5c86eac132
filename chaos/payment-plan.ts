import type { Dice } from "./dice.ts";

/** What somebody wants to pay, and how the holder of the card behaves. */
export interface PaymentPlan {
  readonly kind: "SALE" | "AUTHORIZATION" | "REFUND";
  readonly totalMinor: bigint;
  /** Whether less than the total will do. */
  readonly acceptPartial: boolean;
  /** Name of a test card. */
  readonly card: string;
  /** "none": not asked for. A reader asks for a chip's always, and then it is the right one. */
  readonly pin: "right" | "wrong" | "none";
}

/** Of no test card. */
export const WRONG_PIN = "9999";

/** Cards that answer the same whatever has happened before. */
const STEADY_CARDS = [
  "visa",
  "mastercard",
  "amex",
  "charge_declined",
  "charge_declined_lost_card",
  "charge_declined_insufficient_funds",
];
/** Their holder mistypes often, but not always. */
const FORGETFUL_CARDS = ["jcb", "unionpay", "amex2"];
/** Somebody tries them who does not know the PIN: three tries, and they are locked. */
const STOLEN_CARDS = ["diners", "diners_14digits", "discover"];
/** Little money, which refunds bring back: often there is less than is asked for. */
export const POOR_CARD = "mastercard_prepaid";
/** With limits for a day; load-cards.ts sets them. */
export const COUNTED_CARD = "eftpos_au_visa_debit";
export const CAPPED_CARD = "eftpos_au_debit_mastercard";

const WRONG_PIN_SHARE = 0.4;
const PIN_SHARE = 0.3;

/** Anything that a customer may come with. */
export function planPayment(dice: Dice): PaymentPlan {
  const die = dice.fraction();
  if (die < 0.12) return planOfForgetful(dice);
  if (die < 0.16) return { ...planSteady(dice), card: dice.pick(STOLEN_CARDS), pin: "wrong" };
  if (die < 0.28) return planOfPoor(dice);
  if (die < 0.34) return { ...planSteady(dice), card: COUNTED_CARD };
  if (die < 0.4) return { ...planSteady(dice), card: CAPPED_CARD };
  return planSteady(dice);
}

/** The same once more, by somebody who has looked the PIN up. */
export function planWithRightPin(plan: PaymentPlan): PaymentPlan {
  return { ...plan, pin: "right" };
}

function planSteady(dice: Dice): PaymentPlan {
  const kind = dice.pick(["SALE", "SALE", "SALE", "AUTHORIZATION"] as const);
  return {
    kind,
    totalMinor: BigInt(dice.between(1, 20_000)),
    acceptPartial: dice.happens(0.2),
    card: dice.pick(STEADY_CARDS),
    pin: dice.happens(PIN_SHARE) ? "right" : "none",
  };
}

function planOfForgetful(dice: Dice): PaymentPlan {
  const pin = dice.happens(WRONG_PIN_SHARE) ? "wrong" : "right";
  return { ...planSteady(dice), card: dice.pick(FORGETFUL_CARDS), pin };
}

function planOfPoor(dice: Dice): PaymentPlan {
  const sale = { ...planSteady(dice), card: POOR_CARD, acceptPartial: dice.happens(0.8) };
  if (dice.happens(0.5)) return sale;
  return { ...sale, kind: "REFUND", acceptPartial: false, pin: "none" };
}
