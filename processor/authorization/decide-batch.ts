import { PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { CLOCK_TOLERANCE_MS } from "../../payment/clock-difference.ts";
import { enumName } from "../../payment/enum-name.ts";
import { PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import { isBlind, keyText, type Posting } from "../payments/payment-row.ts";
import { type AccountFacts, afterApproval, type Decision, decide } from "./decide.ts";
import type { BatchAccounts, BatchFacts, PreviousPayment } from "./payment-facts.ts";
import {
  type EntryAnswer,
  faultAnswer,
  type OpenedContent,
  resultAnswer,
  type Submission,
} from "./submission.ts";

/**
 * How long after the reader's submit_before a relay may still bring a payment for the first time.
 */
const FORWARD_WITHIN_MS = 120_000;

/** What becomes of one submission of a batch. */
export type Verdict =
  | { readonly kind: "answered"; readonly answer: EntryAnswer }
  | DecidedPayment
  /** Its accounts are not open yet. */
  | { readonly kind: "accounts missing" }
  /** The same payment or counter is decided in this batch already, or the facts are too old. */
  | { readonly kind: "read again" };

export interface DecidedPayment {
  readonly kind: "decided";
  readonly submission: Submission;
  readonly content: OpenedContent;
  readonly decision: Exclude<Decision, { readonly kind: "no answer" }>;
  readonly posting: Posting | null;
}

interface BatchTime {
  readonly nowMs: number;
  /** YYYYMMDD. */
  readonly today: number;
}

/**
 * Decides a batch in order: each decision sees what the ones before it spent. Pure.
 *
 * @param facts one for each submission.
 */
export function decideBatch(
  submissions: readonly Submission[],
  facts: readonly BatchFacts[],
  time: BatchTime,
): readonly Verdict[] {
  const running: Running = { accounts: new Map(), taken: new Set() };
  return submissions.map((submission, index) => {
    const known = facts[index];
    if (known === undefined) throw new Error("bug: a submission without facts");
    return settle(submission, known, time, running);
  });
}

/** What the decisions so far in the batch have changed. */
interface Running {
  readonly accounts: Map<bigint, AccountFacts>;
  /** Payment keys and reader counters, as texts. */
  readonly taken: Set<string>;
}

function settle(
  submission: Submission,
  facts: BatchFacts,
  time: BatchTime,
  running: Running,
): Verdict {
  const answer = answerOfExisting(submission, facts);
  if (answer !== undefined) return { kind: "answered", answer };
  const { content } = submission;
  if (content instanceof PaymentError) return { kind: "answered", answer: faultAnswer(content) };
  const refusal = refusalOf(submission, facts, time);
  if (refusal !== undefined) return { kind: "answered", answer: faultAnswer(refusal) };
  const names = [keyText(submission.context), counterText(content)];
  if (names.some((name) => running.taken.has(name))) return { kind: "read again" };
  if (facts.isCardKnown && facts.accounts === undefined) return { kind: "accounts missing" };
  const decision = decideOne({ submission, content, facts, time, running });
  if (decision.kind === "no answer") return { kind: "answered", answer: { kind: "silence" } };
  for (const name of names) running.taken.add(name);
  const posting = postingOf(submission.context.kind, decision, facts.accounts);
  return { kind: "decided", submission, content, decision, posting };
}

/** The same bytes get the first answer, whatever they would get today. */
function answerOfExisting(
  { digest, relayId }: Submission,
  { existing }: BatchFacts,
): EntryAnswer | undefined {
  if (existing === undefined) return undefined;
  if (!isBlind(existing.digest) && !equalBytes(existing.digest, digest)) {
    return faultAnswer(refused("DUPLICATE_DIFFERS", "payment_id was used for other bytes"));
  }
  if (existing.relayId !== relayId) {
    return faultAnswer(refused("OWNED_ELSEWHERE", "another relay submitted this payment"));
  }
  return resultAnswer(existing.stored);
}

/**
 * Why a payment will not be decided whatever its PIN is; undefined when it may be. For the time
 * before its PIN is asked about: the decision itself looks again.
 */
export function obstacleOf(
  submission: Submission,
  facts: BatchFacts,
  time: BatchTime,
): PaymentError | undefined {
  // An answer that stands is found again by the decision.
  if (facts.existing !== undefined) return refused("WRONG_STATE", "the payment is here already");
  return refusalOf(submission, facts, time);
}

type Check = (submission: Submission, facts: BatchFacts, time: BatchTime) => boolean;

/** Why a payment is not even decided: the first whose check fails. */
const CHECKS: readonly (readonly [PaymentErrorCode, string, Check])[] = [
  ["NOT_PERMITTED", "this relay is not active", (_, facts) => facts.relayState === "ACTIVE"],
  ["READER_UNKNOWN", "reader is not registered", (_, facts) => facts.reader !== undefined],
  ["READER_NOT_ACTIVE", "reader is not active", (_, facts) => facts.reader?.state === "ACTIVE"],
  [
    "NOT_PERMITTED",
    "reader belongs to another merchant",
    ({ context }, facts) => facts.reader?.merchantId === context.merchantId,
  ],
  [
    "TERMINAL_UNKNOWN",
    "terminal is not registered",
    (_, { terminalState, merchant }) => terminalState !== undefined && merchant !== undefined,
  ],
  ["TERMINAL_NOT_ACTIVE", "terminal is not active", (_, facts) => facts.terminalState === "ACTIVE"],
  [
    "CURRENCY_NOT_ACCEPTED",
    "currency must be one of the merchant's",
    ({ context }, facts) => facts.merchant?.currencies.includes(context.currency) === true,
  ],
  [
    "COUNTER_REUSED",
    "the reader's counter was used for another payment",
    (_, facts) => !facts.isCounterUsed,
  ],
  [
    "CLOCK_WRONG",
    "the reader's clock is fast; set it right",
    ({ context }, _, { nowMs }) => Number(context.wire.readerTimeMs) <= nowMs + CLOCK_TOLERANCE_MS,
  ],
  [
    "SUBMITTED_TOO_LATE",
    "submit_before is over",
    ({ context }, _, { nowMs }) => nowMs <= Number(context.wire.submitBeforeMs) + FORWARD_WITHIN_MS,
  ],
  [
    "WRONG_STATE",
    "previous_payment_id must be the same payment, declined for want of a right PIN",
    ({ context }, { previous }) =>
      context.previousPaymentId === undefined || isRetryOf({ context }, previous),
  ],
];

function refusalOf(
  submission: Submission,
  facts: BatchFacts,
  time: BatchTime,
): PaymentError | undefined {
  const failed = CHECKS.find(([, , holds]) => !holds(submission, facts, time));
  return failed === undefined ? undefined : refused(failed[0], failed[1]);
}

/** Wrong PIN, and tap that needs the chip and a PIN. */
const RETRYABLE_CODES = ["55", "1A"];

/**
 * A PIN retry differs from the declined payment in id, counter, PIN and the way the card was read.
 */
function isRetryOf(
  { context }: Pick<Submission, "context">,
  previous: PreviousPayment | undefined,
): boolean {
  const { totalMinor, tipMinor, cashbackMinor, surchargeMinor } = context.amounts;
  return (
    previous !== undefined &&
    previous.state === "DECLINED" &&
    RETRYABLE_CODES.includes(previous.responseCode) &&
    previous.readerSerial === context.readerSerial &&
    previous.kind === enumName(PaymentKind, context.kind) &&
    previous.currency === context.currency &&
    previous.totalMinor === totalMinor &&
    previous.tipMinor === tipMinor &&
    previous.cashbackMinor === cashbackMinor &&
    previous.surchargeMinor === surchargeMinor
  );
}

function decideOne(options: {
  readonly submission: Submission;
  readonly content: OpenedContent;
  readonly facts: BatchFacts;
  readonly time: BatchTime;
  readonly running: Running;
}): Decision {
  const { submission, content, facts, time, running } = options;
  const { context } = submission;
  const number = facts.accounts?.cardholder ?? 0n;
  const account = running.accounts.get(number) ?? facts.card?.account;
  const card =
    facts.card === undefined || account === undefined ? undefined : { ...facts.card, account };
  const decision = decide({
    today: time.today,
    kind: context.kind,
    amounts: context.amounts,
    acceptPartial: context.wire.acceptPartial,
    entryMode: context.wire.entryMode,
    verification: context.wire.verification,
    presentedExpirationDate: content.expirationDate,
    pin: content.pin,
    simulateByAmount: facts.merchant?.simulateByAmount === true,
    card,
  });
  if (decision.kind === "approved" && account !== undefined) {
    const { kind } = context;
    const { approvedMinor } = decision;
    const { today } = time;
    running.accounts.set(number, afterApproval(account, { kind, approvedMinor, today }));
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
  return `${Buffer.from(signing.keyId).toString("hex")}#${signing.counter}`;
}

function refused(code: PaymentErrorCode, message: string): PaymentError {
  return new PaymentError(code, message);
}
