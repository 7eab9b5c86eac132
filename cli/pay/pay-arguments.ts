import { EntryMode, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { Pin } from "../../payment/card.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import { currencyFromLetters, parseAmountText } from "../../payment/money.ts";
import { findTestCard, TEST_CARDS, type TestCard } from "../../payment/test-cards.ts";
import { nearestName } from "../../settings/nearest-name.ts";
import type { Order } from "../../till/take-payment.ts";
import { CommandError } from "../command-end.ts";
import type { Flags, ValuesOf } from "../io/flags.ts";

export const PAY_KINDS = {
  sale: PaymentKind.SALE,
  authorization: PaymentKind.AUTHORIZATION,
  refund: PaymentKind.REFUND,
  balance: PaymentKind.BALANCE_ENQUIRY,
} as const;

export const PAY_FLAGS = {
  "-c, --card <name>": "test card, by name or number (see: cardlane cards)",
  "--pin <digits>": "PIN of a test card; others on this machine can see it",
  "--pin-on-reader": "type the PIN on the reader's own keys",
  "-y, --yes": "do not ask for confirmation",
  "--tap": { says: "tap the card", conflicts: ["swipe", "insert"] },
  "--swipe": { says: "swipe the card", conflicts: ["tap", "insert"] },
  "--insert": { says: "insert the card", conflicts: ["tap", "swipe"] },
  "--id <uuid>": "your own payment id; the same id never charges twice",
  "--kind <kind>": { says: "what to do", choices: Object.keys(PAY_KINDS), default: "sale" },
} satisfies Flags;

/** What `pay` was called with, as it was typed. */
type Typed = ValuesOf<typeof PAY_FLAGS>;

/** What is to be paid and how, as far as it was said. */
export interface PayArguments {
  readonly order: Order;
  readonly card: TestCard | undefined;
  /** Unspecified: the way the card prefers. */
  readonly entryMode: EntryMode;
  readonly pin: Pin | undefined;
  readonly isPinOnReader: boolean;
  readonly isConfirmed: boolean;
}

/** @throws PaymentError or CommandError saying what was expected. */
export function parsePayArguments(
  amountText: string,
  currencyText: string,
  options: Typed,
): PayArguments {
  const kind = parseKind(options.kind);
  const currency = currencyFromLetters(currencyText);
  const amountMinor =
    kind === PaymentKind.BALANCE_ENQUIRY
      ? parseNoAmount(amountText)
      : parseAmountText(amountText, currency).amountMinor;
  const paymentId = options.id === undefined ? undefined : parsePaymentId(options.id, "--id");
  return {
    order: { kind, amountMinor, currency, paymentId },
    card: options.card === undefined ? undefined : parseCard(options.card),
    entryMode: parseEntryMode(options),
    pin: options.pin === undefined ? undefined : Pin.parse(options.pin),
    isPinOnReader: options.pinOnReader ?? false,
    isConfirmed: options.yes ?? false,
  };
}

/** What was typed is not repeated: it may be a real card number. */
export function parseCard(text: string): TestCard {
  const card = findTestCard(text);
  if (card !== undefined) return card;
  const names = TEST_CARDS.map(({ name }) => name);
  const meant = nearestName(text.trim().toLowerCase(), names);
  const expected = "--card must be the name or number of a test card";
  const hint =
    meant === undefined ? "such as visa: `cardlane cards` lists them" : `did you mean ${meant}?`;
  throw new CommandError("USAGE", `${expected}, ${hint}`);
}

function parseKind(text: string): PaymentKind {
  const kind = Object.entries(PAY_KINDS).find(([name]) => name === text)?.[1];
  if (kind !== undefined) return kind;
  const names = Object.keys(PAY_KINDS).join(", ");
  throw new CommandError("USAGE", `--kind must be one of ${names}`);
}

function parseNoAmount(text: string): bigint {
  if (Number(text) === 0) return 0n;
  throw new CommandError("USAGE", "the amount of a balance enquiry must be 0");
}

function parseEntryMode({ tap, swipe, insert }: Typed): EntryMode {
  const ways: readonly (readonly [boolean | undefined, EntryMode])[] = [
    [tap, EntryMode.CONTACTLESS],
    [swipe, EntryMode.MAGSTRIPE],
    [insert, EntryMode.CHIP],
  ];
  const [chosen, another] = ways.filter(([isChosen]) => isChosen === true);
  if (another !== undefined) {
    throw new CommandError("USAGE", "a card is tapped, swiped or inserted: give one of the three");
  }
  return chosen?.[1] ?? EntryMode.UNSPECIFIED;
}
