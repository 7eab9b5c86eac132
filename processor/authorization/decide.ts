import {
  type Amounts,
  EntryMode,
  PaymentKind,
  Verification,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { kindRules } from "../../payment/kinds.ts";
import { RESPONSE_CODES } from "../../payment/response-codes.ts";
import type { TestAccount } from "../../payment/test-cards.ts";
import type { PinOutcome } from "../pins/pin-client.ts";

/** What a decision depends on, and nothing else. */
export interface DecisionFacts {
  /** YYYYMMDD in UTC. */
  readonly today: number;
  readonly kind: PaymentKind;
  readonly amounts: Pick<Amounts, "totalMinor" | "cashbackMinor">;
  readonly acceptPartial: boolean;
  readonly entryMode: EntryMode;
  readonly verification: Verification;
  /** YYMM, as it was read from the card. */
  readonly presentedExpirationDate: string;
  readonly pin: PinOutcome;
  /** Whether this terminal wants amounts to choose the response code. */
  readonly simulateByAmount: boolean;
  /** undefined: nobody knows the card. */
  readonly card: CardFacts | undefined;
}

export interface CardFacts {
  readonly status: TestAccount["status"];
  /** YYMM. */
  readonly expirationDate: string;
  readonly isPinRequiredOnTap: boolean;
  readonly isRefundable: boolean;
  readonly account: AccountFacts;
}

/** A cardholder's account. `null` is no limit. Amounts in minor units of its currency. */
export interface AccountFacts {
  readonly balanceMinor: bigint;
  /** How far the balance may go below zero. */
  readonly creditMinor: bigint;
  readonly dailyAmountMinorMax: bigint | null;
  readonly dailyCountMax: number | null;
  /** What was spent on `spentDay` (YYYYMMDD). */
  readonly spentDay: number;
  readonly spentMinor: bigint;
  readonly spentCount: number;
}

export type Decision =
  | {
      readonly kind: "approved";
      readonly responseCode: "00" | "10";
      /** 0 for a balance enquiry. */
      readonly approvedMinor: bigint;
      /** What may still be spent: the answer to a balance enquiry. */
      readonly balanceMinor: bigint | undefined;
    }
  | {
      readonly kind: "declined";
      readonly responseCode: string;
      /** "" for a real decision. */
      readonly simulatedBecause: string;
    }
  /** As if the answer had been lost: nothing is stored, nothing is said. */
  | { readonly kind: "no answer" };

/** Says yes or no to a payment. Pure: the caller reads the facts and writes the consequences. */
export function decide(facts: DecisionFacts): Decision {
  const { card } = facts;
  if (card === undefined) return declined("14");
  const known = { ...facts, card };
  const refusal = findCode(CARD_RULES, known);
  if (refusal !== undefined) return declined(refusal);
  const simulated = facts.simulateByAmount ? simulate(facts.amounts.totalMinor) : undefined;
  if (simulated !== undefined) return simulated;
  const doubt = findCode(HOLDER_RULES, known);
  return doubt === undefined ? decideAmount(known) : declined(doubt);
}

/** What is left to spend. */
export function availableMinor(account: AccountFacts): bigint {
  return account.balanceMinor + account.creditMinor;
}

/** The account after `kind` was approved for `approvedMinor`, for the next decision of a batch. */
export function afterApproval(
  account: AccountFacts,
  { kind, approvedMinor, today }: Pick<DecisionFacts, "kind" | "today"> & { approvedMinor: bigint },
): AccountFacts {
  if (kind === PaymentKind.REFUND) {
    return { ...account, balanceMinor: account.balanceMinor + approvedMinor };
  }
  if (!kindRules(kind).spends) return account;
  const spent = spentToday(account, today);
  return {
    ...account,
    balanceMinor: account.balanceMinor - approvedMinor,
    spentDay: today,
    spentMinor: spent.minor + approvedMinor,
    spentCount: spent.count + 1,
  };
}

type KnownFacts = DecisionFacts & { readonly card: CardFacts };
type Rule = readonly [code: string, applies: (facts: KnownFacts) => boolean];

/** About the card. The first that applies decides. */
const CARD_RULES: readonly Rule[] = [
  ["41", ({ card }) => card.status === "LOST"],
  ["43", ({ card }) => card.status === "STOLEN"],
  ["05", ({ card }) => card.status === "BLOCKED"],
  ["96", ({ card }) => card.status === "FAULTY"],
  ["54", ({ card, today }) => isExpired(card.expirationDate, today)],
  ["54", ({ presentedExpirationDate, today }) => isExpired(presentedExpirationDate, today)],
  ["57", ({ kind, card }) => kind === PaymentKind.REFUND && !card.isRefundable],
  // Cash is handed out with goods only.
  ["12", ({ kind, amounts }) => amounts.cashbackMinor > 0n && kind !== PaymentKind.SALE],
];

/** About the person who holds it. */
const HOLDER_RULES: readonly Rule[] = [
  ["1A", (facts) => facts.card.isPinRequiredOnTap && isUnverifiedTap(facts)],
  ["55", ({ pin }) => pin === "WRONG"],
  ["75", ({ pin }) => pin === "TRIES_EXCEEDED"],
  ["88", ({ pin }) => pin === "REFUSED"],
];

/** About the day's limits of the account. */
const LIMIT_RULES: readonly Rule[] = [
  [
    "61",
    ({ card: { account }, amounts, today }) =>
      account.dailyAmountMinorMax !== null &&
      spentToday(account, today).minor + amounts.totalMinor > account.dailyAmountMinorMax,
  ],
  [
    "65",
    ({ card: { account }, today }) =>
      account.dailyCountMax !== null &&
      spentToday(account, today).count + 1 > account.dailyCountMax,
  ],
];

function findCode(rules: readonly Rule[], facts: KnownFacts): string | undefined {
  return rules.find(([, applies]) => applies(facts))?.[0];
}

function decideAmount(facts: KnownFacts): Decision {
  const { kind, card, acceptPartial } = facts;
  const { totalMinor } = facts.amounts;
  const available = availableMinor(card.account);
  if (kind === PaymentKind.BALANCE_ENQUIRY) return approved("00", 0n, available);
  if (!kindRules(kind).spends) return approved("00", totalMinor);
  const limit = findCode(LIMIT_RULES, facts);
  if (limit !== undefined) return declined(limit);
  if (totalMinor <= available) return approved("00", totalMinor);
  return acceptPartial && available > 0n ? approved("10", available) : declined("51");
}

/** An amount that ends in a response code gives it; one that ends in 69 gives no answer. */
function simulate(totalMinor: bigint): Decision | undefined {
  const suffix = String(totalMinor % 100n).padStart(2, "0");
  if (suffix === NO_ANSWER_SUFFIX) return { kind: "no answer" };
  const known = RESPONSE_CODES.find(({ code }) => code === suffix);
  if (known === undefined || known.isApproval) return undefined;
  return declined(suffix, `amount suffix ${suffix}`);
}

const NO_ANSWER_SUFFIX = "69";

function isUnverifiedTap({ entryMode, verification }: DecisionFacts): boolean {
  const isVerified =
    verification === Verification.ONLINE_PIN || verification === Verification.DEVICE;
  return entryMode === EntryMode.CONTACTLESS && !isVerified;
}

/** A card is good until the last day of its month, YYMM in this century. */
function isExpired(expirationDate: string, today: number): boolean {
  return 200_000 + Number(expirationDate) < Math.floor(today / 100);
}

function spentToday(account: AccountFacts, today: number) {
  return account.spentDay < today
    ? { minor: 0n, count: 0 }
    : { minor: account.spentMinor, count: account.spentCount };
}

function approved(
  responseCode: "00" | "10",
  approvedMinor: bigint,
  balanceMinor?: bigint,
): Decision {
  return { kind: "approved", responseCode, approvedMinor, balanceMinor };
}

function declined(responseCode: string, simulatedBecause = ""): Decision {
  return { kind: "declined", responseCode, simulatedBecause };
}
