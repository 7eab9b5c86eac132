import { EntryMode, Verification } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { type Money, minorDigits } from "./money.ts";

/**
 * A published test card. Numbers and outcomes are those of Stripe Terminal's simulated cards
 * (https://stripe.com/docs/terminal/testing), so that people need to learn nothing new. What a card
 * provokes is not looked up by its number: it follows from the account that the processor opens for
 * it.
 */
export interface TestCard {
  readonly name: string;
  readonly number: string;
  /** YYMM. */
  readonly expirationDate: string;
  readonly provokes: string;
  readonly account: TestAccount;
  /** What the chip and the stripe ask for to verify the holder. */
  readonly verification: Verification;
  /** How it is presented when nothing else is said. */
  readonly entryMode: EntryMode;
  /** Asks for an online PIN when tapped, whatever the amount. */
  readonly isPinAskedOnTap: boolean;
}

/** What the processor knows about a test card. */
export interface TestAccount {
  readonly status: "ACTIVE" | "BLOCKED" | "LOST" | "STOLEN" | "FAULTY";
  /** What may still be spent, in minor units of whatever currency the merchant charges. */
  readonly availableMinor: bigint;
  /** A tap without PIN is answered with 1A: insert the card and enter the PIN. */
  readonly isPinRequiredOnTap: boolean;
  readonly isRefundable: boolean;
}

/** PIN of every test card but `canary`. */
export const TEST_PIN = "1234";

/** PIN of the card `canary`: twelve digits that stand nowhere by chance. */
export const CANARY_PIN = "907165283419";

const GOOD_UNTIL = "3412";
const PLENTY = 1_000_000_000_000n;

const good: TestAccount = {
  status: "ACTIVE",
  availableMinor: PLENTY,
  isPinRequiredOnTap: false,
  isRefundable: true,
};

export const TEST_CARDS: readonly TestCard[] = [
  card("visa", "4242424242424242", "approved"),
  card("visa_debit", "4000056655665556", "approved"),
  card("mastercard", "5555555555554444", "approved"),
  card("mastercard_debit", "5200828282828210", "approved"),
  card("mastercard_prepaid", "5105105105105100", "approved"),
  card("amex", "378282246310005", "approved"),
  card("amex2", "371449635398431", "approved"),
  card("discover", "6011111111111117", "approved"),
  card("discover2", "6011000990139424", "approved"),
  card("diners", "3056930009020004", "approved"),
  card("diners_14digits", "36227206271667", "approved"),
  card("jcb", "3566002020360505", "approved"),
  card("unionpay", "6200000000000005", "approved"),
  card("interac", "4506445006931933", "approved"),
  card("eftpos_au_visa_debit", "4000050360000001", "approved"),
  card("eftpos_au_debit_mastercard", "5555050360000080", "approved"),
  card("charge_declined", "4000000000000002", "declined 05", { status: "BLOCKED" }),
  card("charge_declined_insufficient_funds", "4000000000009995", "declined 51, no money left", {
    availableMinor: 0n,
  }),
  card("charge_declined_lost_card", "4000000000009987", "declined 41, reported lost", {
    status: "LOST",
  }),
  card("charge_declined_stolen_card", "4000000000009979", "declined 43, reported stolen", {
    status: "STOLEN",
  }),
  {
    ...card("charge_declined_expired_card", "4000000000000069", "declined 54, expired"),
    expirationDate: "2001",
  },
  card("charge_declined_processing_error", "4000000000000119", "declined 96", { status: "FAULTY" }),
  card("refund_fail", "4000000000005126", "approved; its refund is declined", {
    isRefundable: false,
  }),
  {
    ...card("online_pin_cvm", "4001000360000005", "approved with PIN, also when tapped"),
    entryMode: EntryMode.CONTACTLESS,
    isPinAskedOnTap: true,
  },
  {
    ...card(
      "online_pin_sca_retry",
      "4000002760000008",
      "a tap is declined 1A, chip and PIN approved",
      {
        isPinRequiredOnTap: true,
      },
    ),
    entryMode: EntryMode.CONTACTLESS,
  },
  {
    ...card("offline_pin_cvm", "4001007020000002", "approved, PIN checked by the chip"),
    verification: Verification.OFFLINE_PIN,
  },
  {
    ...card("offline_pin_sca_retry", "4000008260000075", "a tap is declined 1A, chip approved", {
      isPinRequiredOnTap: true,
    }),
    entryMode: EntryMode.CONTACTLESS,
    verification: Verification.OFFLINE_PIN,
  },
  card("canary", "4242421973508862", "approved; a number and a PIN to search logs for"),
];

export function findTestCard(nameOrNumber: string): TestCard | undefined {
  const wanted = nameOrNumber.replaceAll(" ", "").toLowerCase();
  return TEST_CARDS.find(({ name, number }) => name === wanted || number === wanted);
}

export function testPinOf(card: TestCard): string {
  return card.name === "canary" ? CANARY_PIN : TEST_PIN;
}

function card(
  name: string,
  number: string,
  provokes: string,
  account: Partial<TestAccount> = {},
): TestCard {
  return {
    name,
    number,
    provokes,
    expirationDate: GOOD_UNTIL,
    account: { ...good, ...account },
    verification: Verification.ONLINE_PIN,
    entryMode: EntryMode.CHIP,
    isPinAskedOnTap: false,
  };
}

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
