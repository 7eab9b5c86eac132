import { PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import { type EntryAnswer, faultAnswer, resultAnswer } from "../payments/entry-answer.ts";
import { isOfSameBytes, keyText, type Posting } from "../payments/payment-row.ts";
import { refusalOf } from "./acceptance.ts";
import { afterApproval, type Decision, decide } from "./decide.ts";
import type { AccountFacts } from "./decision-facts.ts";
import type { IncomingPayment, OpenedContent } from "./incoming-payment.ts";
import { minorOf } from "./issuer-rules.ts";
import type { BatchAccounts, BatchFacts } from "./payment-facts.ts";

/** What becomes of one payment of a batch. */
export type Verdict =
  | { readonly kind: "answered"; readonly answer: EntryAnswer }
  | DecidedPayment
  /** Its accounts are not open yet. */
  | { readonly kind: "accounts missing" }
  /** The same payment or counter is decided in this batch already, or the facts are too old. */
  | { readonly kind: "read again" };

export interface DecidedPayment {
  readonly kind: "decided";
  readonly payment: IncomingPayment;
  readonly content: OpenedContent;
  readonly decision: Exclude<Decision, { readonly kind: "no answer" }>;
  readonly posting: Posting | null;
  /**
   * The day to which it counts, YYYYMMDD. It is that of the facts: a processor's own clock follows
   * the ledger's with a delay, and by another day an account would begin its limits anew each time.
   */
  readonly today: number;
  /** Of the facts, too. */
  readonly registryRevision: bigint;
}

/**
 * Decides a batch in order: each decision sees what the ones before it spent. Pure.
 *
 * @param facts one for each payment.
 * @param refundsADay of one merchant without a sale, in euros; 0 for none.
 */
export function decideBatch(
  payments: readonly IncomingPayment[],
  facts: readonly BatchFacts[],
  nowMs: number,
  refundsADay: number,
): readonly Verdict[] {
  const running: Running = {
    ...{ accounts: new Map(), taken: new Map(), doubted: new Set(), refunded: new Map() },
    refundsADay: BigInt(refundsADay),
  };
  return payments.map((payment, index) => {
    const known = facts[index];
    if (known === undefined) throw new Error("bug: a payment without facts");
    return settle(payment, known, nowMs, running);
  });
}

/** What the decisions so far in the batch have changed. */
interface Running {
  readonly accounts: Map<bigint, AccountFacts>;
  /** Payment keys and reader counters, as texts, with the digest of the payment that has them. */
  readonly taken: Map<string, Uint8Array>;
  /** Signing keys of readers that used a counter twice: the next reading suspends them. */
  readonly doubted: Set<string>;
  /** Refunds of this batch, by merchant and currency, in minor units. */
  readonly refunded: Map<string, bigint>;
  /** In euros. */
  readonly refundsADay: bigint;
}

function settle(
  payment: IncomingPayment,
  facts: BatchFacts,
  nowMs: number,
  running: Running,
): Verdict {
  const answer = answerOfExisting(payment, facts);
  if (answer !== undefined) return { kind: "answered", answer };
  const refusal = payment.refusal ?? refusalOf(payment, facts, nowMs);
  if (refusal !== undefined) return { kind: "answered", answer: faultAnswer(refusal) };
  const { content } = payment;
  if (content === undefined) throw new Error("bug: a payment is to be decided that is sealed");
  const names = [keyText(payment.context), counterText(content)];
  if (isDoubted(payment, content, running)) return { kind: "read again" };
  if (names.some((name) => running.taken.has(name))) return { kind: "read again" };
  if (facts.isCardKnown && facts.accounts === undefined) return { kind: "accounts missing" };
  const decision = decideOne({ payment, content, facts, running });
  if (decision.kind === "no answer") return { kind: "answered", answer: { kind: "silence" } };
  for (const name of names) running.taken.set(name, payment.digest);
  const posting = postingOf(payment.context.kind, decision, facts.accounts);
  const { today, registryRevision } = facts;
  return { kind: "decided", payment, content, decision, posting, today, registryRevision };
}

/** Whether its reader has used a counter twice in this batch, with this payment or before. */
function isDoubted(
  { digest }: IncomingPayment,
  content: OpenedContent,
  { taken, doubted }: Running,
): boolean {
  const reader = hex(content.signing.keyId);
  const counted = taken.get(counterText(content));
  if (counted !== undefined && !equalBytes(counted, digest)) doubted.add(reader);
  return doubted.has(reader);
}

/** The same bytes get the first answer, whatever they would get today. */
function answerOfExisting(
  { digest, relayId }: IncomingPayment,
  { existing }: BatchFacts,
): EntryAnswer | undefined {
  if (existing === undefined) return undefined;
  if (!isOfSameBytes(existing.digest, digest)) {
    return faultAnswer(refused("DUPLICATE_DIFFERS", "payment_id was used for other bytes"));
  }
  if (existing.relayId !== relayId) {
    return faultAnswer(refused("OWNED_ELSEWHERE", "another relay submitted this payment"));
  }
  return resultAnswer(existing.stored);
}

function decideOne(options: {
  readonly payment: IncomingPayment;
  readonly content: OpenedContent;
  readonly facts: BatchFacts;
  readonly running: Running;
}): Decision {
  const { payment, content, facts, running } = options;
  const { today } = facts;
  const { context } = payment;
  const number = facts.accounts?.cardholder ?? 0n;
  const account = running.accounts.get(number) ?? facts.card?.account;
  const card =
    facts.card === undefined || account === undefined ? undefined : { ...facts.card, account };
  const refunder = `${context.merchantId} ${context.currency}`;
  const asked = {
    today,
    kind: context.kind,
    currency: context.currency,
    amounts: context.amounts,
    acceptPartial: context.wire.acceptPartial,
    entryMode: context.wire.entryMode,
    verification: context.wire.verification,
    presentedExpirationDate: content.expirationDate,
    pin: payment.pin,
    simulateByAmount: facts.terminal?.simulateByAmount === true,
    refunds: {
      mostMinor: minorOf(running.refundsADay, context.currency),
      doneMinor: facts.refundedMinor + (running.refunded.get(refunder) ?? 0n),
    },
  };
  const decision = decide({ ...asked, card });
  if (decision.kind !== "approved" || account === undefined) return decision;
  running.accounts.set(number, afterApproval(account, asked, decision.approvedMinor));
  if (context.kind === PaymentKind.REFUND) {
    const before = running.refunded.get(refunder) ?? 0n;
    running.refunded.set(refunder, before + decision.approvedMinor);
  }
  return decision;
}

/** Which account pays which. An authorization holds the money in the clearing account. */
function postingOf(
  kind: PaymentKind,
  decision: Decision,
  accounts: BatchAccounts | undefined,
): Posting | null {
  if (decision.kind !== "approved" || accounts === undefined) return null;
  const { cardholder, merchant, clearing } = accounts;
  switch (kind) {
    case PaymentKind.SALE:
      return { kind: "SALE", debitAccount: cardholder, creditAccount: merchant };
    case PaymentKind.AUTHORIZATION:
      return { kind: "AUTHORIZATION", debitAccount: cardholder, creditAccount: clearing };
    case PaymentKind.REFUND:
      return { kind: "REFUND", debitAccount: merchant, creditAccount: cardholder };
    default:
      return null;
  }
}

function counterText({ signing }: OpenedContent): string {
  return `${hex(signing.keyId)}#${signing.counter}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function refused(code: PaymentErrorCode, message: string): PaymentError {
  return new PaymentError(code, message);
}
