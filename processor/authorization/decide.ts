import { PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { kindRules } from "../../payment/kinds.ts";
import { RESPONSE_CODES } from "../../payment/response-codes.ts";
import {
  type AccountFacts,
  type DecisionFacts,
  findCode,
  type KnownFacts,
  type Rule,
} from "./decision-facts.ts";
import { afterTap, ISSUER_RULES, isUnverifiedTap, REFUND_RULES } from "./issuer-rules.ts";

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

/** The account after it was approved for `approvedMinor`, for the next decision of a batch. */
export function afterApproval(
  account: AccountFacts,
  facts: Omit<DecisionFacts, "card">,
  approvedMinor: bigint,
): AccountFacts {
  const { kind, today } = facts;
  if (kind === PaymentKind.REFUND) {
    return { ...account, balanceMinor: account.balanceMinor + approvedMinor };
  }
  if (!kindRules(kind).spends) return account;
  const spent = spentToday(account, today);
  return {
    ...afterTap(account, facts, approvedMinor),
    balanceMinor: account.balanceMinor - approvedMinor,
    spentDay: today,
    spentMinor: spent.minor + approvedMinor,
    spentCount: spent.count + 1,
  };
}

/** About the card. The first that applies decides. */
const CARD_RULES: readonly Rule[] = [
  ["41", ({ card }) => card.status === "LOST"],
  ["43", ({ card }) => card.status === "STOLEN"],
  ["05", ({ card }) => card.status === "BLOCKED"],
  ["96", ({ card }) => card.status === "FAULTY"],
  ["54", ({ card, today }) => isExpired(card.expirationDate, today)],
  ["54", ({ presentedExpirationDate, today }) => isExpired(presentedExpirationDate, today)],
  ...REFUND_RULES,
  ["57", ({ kind, card }) => kind === PaymentKind.REFUND && !card.isRefundable],
  // Cash is handed out with goods only.
  ["12", ({ kind, amounts }) => amounts.cashbackMinor > 0n && kind !== PaymentKind.SALE],
];

/** About the person who holds it. */
const HOLDER_RULES: readonly Rule[] = [
  ["1A", (facts) => facts.card.isPinRequiredOnTap && isUnverifiedTap(facts)],
  ...ISSUER_RULES,
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

function decideAmount(facts: KnownFacts): Decision {
  const { kind, card, acceptPartial } = facts;
  const { totalMinor } = facts.amounts;
  const available = availableMinor(card.account);
  if (kind === PaymentKind.BALANCE_ENQUIRY) return approved("00", 0n, available);
  if (!kindRules(kind).spends) return approved("00", totalMinor);
  const limit = findCode(LIMIT_RULES, facts);
  if (limit !== undefined) return declined(limit);
  if (totalMinor <= available) return approved("00", totalMinor);
  // Cash is never handed out in part, and the goods of a part cannot be told from the cash.
  const isPartWanted = acceptPartial && facts.amounts.cashbackMinor === 0n;
  return isPartWanted && available > 0n ? approved("10", available) : declined("51");
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
