import { EntryMode, PaymentKind, Verification } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { kindRules } from "../../payment/kinds.ts";
import { type CurrencyCode, currencyLetters, minorDigits } from "../../payment/money.ts";
import { CHIP_AND_PIN_WANTED } from "../../payment/response-codes.ts";
import { isStripe } from "../../payment/test-cards.ts";
import type { AccountFacts, DecisionFacts, Rule } from "./decision-facts.ts";

/**
 * What the issuer lets pass by the reader's word. The reader says how the holder was verified, and
 * only an online PIN is something that the processor knows itself. In euros, or about as much.
 */
const HOLDER_LIMITS = {
  /** One tap that nobody verified; most of Europe (EU 2018/389, article 11). */
  tap: 50n,
  /** Such taps together, since the last PIN. */
  taps: 150n,
  /** An inserted card that nobody verified: machines without a PIN pad. */
  chip: 250n,
  /** A signature, the holder's own device, or a PIN that the chip says it has checked. */
  claimed: 1_000n,
} as const;

/** Taps in a row without a PIN (EU 2018/389, article 11). */
const TAPS_MAX = 5;

/**
 * About how many of a currency are one euro, rounded to what shops are used to. A currency that is
 * missing counts as much as the euro: its limits are the strictest then.
 */
const UNITS_OF_ONE_EURO: Readonly<Record<string, bigint>> = {
  CZK: 25n,
  DKK: 7n,
  HKD: 8n,
  HUF: 350n,
  INR: 100n,
  JPY: 160n,
  KRW: 1_500n,
  MXN: 20n,
  NOK: 10n,
  PLN: 4n,
  SEK: 10n,
  THB: 40n,
  TRY: 40n,
  ZAR: 20n,
};

/** What the issuer asks for beyond what the reader did. The first that applies decides. */
export const ISSUER_RULES: readonly Rule[] = [
  // Cash is handed out with goods, and to somebody whose PIN was right.
  [
    "12",
    ({ amounts }) => amounts.cashbackMinor > 0n && amounts.cashbackMinor >= amounts.totalMinor,
  ],
  [CHIP_AND_PIN_WANTED, (facts) => facts.amounts.cashbackMinor > 0n && !hasPin(facts)],
  ["57", (facts) => isStripe(facts.entryMode) && facts.verification === Verification.NONE],
  ["57", isImpossible],
  [CHIP_AND_PIN_WANTED, (facts) => facts.amounts.totalMinor > limitMinor(facts)],
  [
    CHIP_AND_PIN_WANTED,
    (facts) => isUnverifiedTap(facts) && isTappedTooMuch(facts.card.account, facts),
  ],
];

/** What the issuer asks of a refund without a sale. */
export const REFUND_RULES: readonly Rule[] = [
  ["58", ({ kind, refunds }) => kind === PaymentKind.REFUND && refunds.mostMinor === 0n],
  [
    "13",
    ({ kind, refunds, amounts }) =>
      kind === PaymentKind.REFUND && refunds.doneMinor + amounts.totalMinor > refunds.mostMinor,
  ],
];

/** The account after a payment that spends: a right PIN begins the count of taps anew. */
export function afterTap(
  account: AccountFacts,
  facts: Omit<DecisionFacts, "card">,
  approvedMinor: bigint,
): AccountFacts {
  if (hasPin(facts)) return { ...account, tappedMinor: 0n, tappedCount: 0 };
  if (!isUnverifiedTap(facts)) return account;
  return {
    ...account,
    tappedMinor: account.tappedMinor + approvedMinor,
    tappedCount: account.tappedCount + 1,
  };
}

/** Whether it was tapped, and nobody has verified the holder. */
export function isUnverifiedTap({
  entryMode,
  verification,
}: Pick<DecisionFacts, "entryMode" | "verification">): boolean {
  const isVerified =
    verification === Verification.ONLINE_PIN || verification === Verification.DEVICE;
  return entryMode === EntryMode.CONTACTLESS && !isVerified;
}

function hasPin({ pin }: Pick<DecisionFacts, "pin">): boolean {
  return pin === "VERIFIED";
}

/** What no genuine reader says: a chip checks a PIN when it is inserted, a device when it taps. */
function isImpossible({ entryMode, verification }: DecisionFacts): boolean {
  if (verification === Verification.OFFLINE_PIN) return entryMode !== EntryMode.CHIP;
  return verification === Verification.DEVICE && entryMode !== EntryMode.CONTACTLESS;
}

/** The most that this way of verifying the holder is good for, in minor units. */
function limitMinor(facts: DecisionFacts): bigint {
  const { kind, entryMode, verification, currency, amounts } = facts;
  // Who gets money back needs to be nobody in particular: it goes to the card.
  const isFree = kind === PaymentKind.REFUND || verification === Verification.ONLINE_PIN;
  if (isFree) return amounts.totalMinor;
  if (verification !== Verification.NONE) return minorOf(HOLDER_LIMITS.claimed, currency);
  const isTap = entryMode === EntryMode.CONTACTLESS;
  return minorOf(isTap ? HOLDER_LIMITS.tap : HOLDER_LIMITS.chip, currency);
}

function isTappedTooMuch(account: AccountFacts, facts: DecisionFacts): boolean {
  const { kind, amounts, currency } = facts;
  if (!kindRules(kind).spends) return false;
  const sum = account.tappedMinor + amounts.totalMinor;
  return account.tappedCount >= TAPS_MAX || sum > minorOf(HOLDER_LIMITS.taps, currency);
}

/** About so many euros in another currency, in its minor units. */
export function minorOf(euros: bigint, currency: CurrencyCode): bigint {
  const units = euros * (UNITS_OF_ONE_EURO[currencyLetters(currency)] ?? 1n);
  return units * 10n ** BigInt(minorDigits(currency));
}
