import { EntryMode, Verification } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { type Money, minorDigits } from "../payment/money.ts";
import { type CardReading, isStripe } from "./card-reading.ts";

/** Up to here a tap needs no PIN, in whole units of the currency: the limit of most of Europe. */
const TAP_WITHOUT_PIN_MAX = 50n;

/** How the holder has to be verified, by card, way of reading and amount. */
export function verificationFor({ card, entryMode }: CardReading, amount: Money): Verification {
  if (isStripe(entryMode)) return Verification.SIGNATURE;
  if (entryMode !== EntryMode.CONTACTLESS) return card.verification;
  const limitMinor = TAP_WITHOUT_PIN_MAX * 10n ** BigInt(minorDigits(amount.currency));
  const isPinAsked = card.isPinAskedOnTap || amount.amountMinor > limitMinor;
  return isPinAsked ? Verification.ONLINE_PIN : Verification.NONE;
}

export function needsPin(verification: Verification): boolean {
  return verification === Verification.ONLINE_PIN || verification === Verification.OFFLINE_PIN;
}
