import { EntryMode, Verification } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { type Money, minorDigits } from "./money.ts";
import type { TestCard } from "./test-cards.ts";

/** Up to here a tap needs no PIN, in whole units of the currency: the limit of most of Europe. */
const TAP_WITHOUT_PIN_MAX = 50n;

/** How the holder has to be verified, by card, way of reading and amount. */
export function verificationFor(
  { card, entryMode }: { readonly card: TestCard; readonly entryMode: EntryMode },
  amount: Money,
): Verification {
  if (isStripe(entryMode)) return Verification.SIGNATURE;
  if (entryMode !== EntryMode.CONTACTLESS) return card.verification;
  const limitMinor = TAP_WITHOUT_PIN_MAX * 10n ** BigInt(minorDigits(amount.currency));
  const isPinAsked = card.isPinAskedOnTap || amount.amountMinor > limitMinor;
  return isPinAsked ? Verification.ONLINE_PIN : Verification.NONE;
}

/** Whether the holder has to enter a PIN, whoever checks it. */
export function needsPin(verification: Verification): boolean {
  return verification === Verification.ONLINE_PIN || verification === Verification.OFFLINE_PIN;
}

/** Whether the magnetic stripe is read, because the chip was not wanted or not readable. */
export function isStripe(entryMode: EntryMode): boolean {
  return entryMode === EntryMode.MAGSTRIPE || entryMode === EntryMode.FALLBACK;
}
