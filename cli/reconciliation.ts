import {
  Certainty,
  Outcome,
  PaymentKind,
  PaymentState,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import type { LedgerAccount, LedgerPayment } from "../gen/cardlane/processor/v1/processor_pb.ts";
import type { ComparedRecord } from "../gen/cardlane/relay/v1/relay_pb.ts";
import { enumName } from "../payment/enum-name.ts";
import { PaymentError } from "../payment/errors.ts";
import { paymentIdFromBytes } from "../payment/identifiers.ts";
import { certaintyOf, isApproved, type StateName, stateOfOutcome } from "../payment/states.ts";
import { verifySignedResult } from "../sealing/boxes/signed-result.ts";
import { equalBytes } from "../sealing/bytes.ts";
import type { Manifest } from "../sealing/keys/manifest.ts";
import { recordStateWord, stateWord } from "./print/words.ts";

/** A payment of which two sides say different things, or an account whose rows do not add up. */
interface Difference {
  /** Record number, or payment id where there is no record; "account 12" for an account. */
  readonly of: string;
  readonly says: string;
}

/** What a comparison came to. */
interface Reconciled {
  readonly differences: readonly Difference[];
  /** Payments that were compared. */
  readonly compared: number;
  /** Those that are not final yet, or changed during the comparison. */
  readonly open: number;
}

/** More than anybody reads; the command says that there are more. */
export const DIFFERENCES_MAX = 1_000;

type Pages<Entry> = AsyncIterable<readonly Entry[]>;

/**
 * Compares a relay's records with a processor's payments, both in the order of merchant id and
 * payment id; neither is ever held as a whole.
 *
 * @param options.startedAtMs Unix milliseconds. What changed since then is left for the next time.
 */
export async function reconcile(options: {
  readonly records: Pages<ComparedRecord>;
  readonly payments: Pages<LedgerPayment>;
  readonly manifest: Manifest;
  readonly startedAtMs: number;
}): Promise<Reconciled> {
  const { manifest, startedAtMs } = options;
  const differences: Difference[] = [];
  let compared = 0;
  let open = 0;
  for await (const { record, payment } of sideBySide(options.records, options.payments)) {
    if (isUnsettled(record, payment, startedAtMs)) {
      open += 1;
      continue;
    }
    compared += 1;
    const of = record?.recordNumber ?? payment?.paymentId ?? "";
    for (const says of differencesOf(record, payment, manifest)) {
      if (differences.length < DIFFERENCES_MAX) differences.push({ of, says });
    }
  }
  return { differences, compared, open };
}

/** Accounts whose balance is not the sum of their postings. */
export async function misbalanced(accounts: Pages<LedgerAccount>): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  for await (const page of accounts) {
    for (const { accountId, kind, merchantId, currency, balanceMinor, recomputedMinor } of page) {
      if (balanceMinor === recomputedMinor) continue;
      const name = [kind.toLowerCase(), merchantId, currency].filter((part) => part !== "");
      const says = `${name.join(" ")}: kept ${balanceMinor}, its postings give ${recomputedMinor}`;
      found.push({ of: `account ${accountId}`, says });
    }
  }
  return found;
}

interface Pair {
  readonly record: ComparedRecord | undefined;
  readonly payment: LedgerPayment | undefined;
}

/** Both in step, by payment. */
async function* sideBySide(
  records: Pages<ComparedRecord>,
  payments: Pages<LedgerPayment>,
): AsyncGenerator<Pair> {
  const [left, right] = [entriesOf(records), entriesOf(payments)];
  let [record, payment] = [await next(left), await next(right)];
  while (record !== undefined || payment !== undefined) {
    const order = compareKeys(record, payment);
    yield {
      record: order <= 0 ? record : undefined,
      payment: order >= 0 ? payment : undefined,
    };
    if (order <= 0) record = await next(left);
    if (order >= 0) payment = await next(right);
  }
}

async function* entriesOf<Entry>(pages: Pages<Entry>): AsyncGenerator<Entry> {
  for await (const page of pages) yield* page;
}

async function next<Entry>(entries: AsyncGenerator<Entry>): Promise<Entry | undefined> {
  const { done, value } = await entries.next();
  return done === true ? undefined : value;
}

interface Keyed {
  readonly merchantId: string;
  readonly paymentId: string;
}

/** Below 0 when `a` comes first. What is not there comes last. */
function compareKeys(a: Keyed | undefined, b: Keyed | undefined): number {
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  const [left, right] = [keyOf(a), keyOf(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function keyOf({ merchantId, paymentId }: Keyed): string {
  return `${merchantId} ${paymentId}`;
}

function isUnsettled(
  record: ComparedRecord | undefined,
  payment: LedgerPayment | undefined,
  startedAtMs: number,
): boolean {
  if (record !== undefined && isOnItsWay(record)) return true;
  if (record !== undefined && record.completedAtMs >= startedAtMs) return true;
  return payment !== undefined && payment.processorTimeMs >= startedAtMs;
}

/** Whatever its certainty: a record that never gets its end must be named, not waited for. */
function isOnItsWay({ state }: ComparedRecord): boolean {
  return certaintyOf(enumName(PaymentState, state) as StateName) === Certainty.UNKNOWN;
}

function* differencesOf(
  record: ComparedRecord | undefined,
  payment: LedgerPayment | undefined,
  manifest: Manifest,
): Iterable<string> {
  if (payment !== undefined) yield* mispostings(payment);
  if (record === undefined) {
    yield `the relay has no record of it; the processor says ${stateWord(payment?.state ?? 0)}`;
    return;
  }
  yield* missigned(record, manifest);
  if (payment === undefined) yield* unknownToProcessor(record);
  else yield* disagreements(record, payment);
}

/** A record without a payment is right only where the processor never took it. */
function* unknownToProcessor(record: ComparedRecord): Iterable<string> {
  const word = recordStateWord(record);
  const withoutCharge = [PaymentState.DECLINED, PaymentState.REVERSED].map(stateWord);
  if (!withoutCharge.includes(word)) {
    yield `the relay says ${word}; the processor has no payment`;
  }
  if (record.result !== undefined)
    yield "the relay has a signed result; the processor has no payment";
}

function* disagreements(record: ComparedRecord, payment: LedgerPayment): Iterable<string> {
  const differs = (what: string, atRelay: unknown, atProcessor: unknown) =>
    `${what}: ${String(atRelay)} at the relay, ${String(atProcessor)} at the processor`;
  const [atRelay, atProcessor] = [recordStateWord(record), stateWord(payment.state)];
  if (atRelay !== atProcessor) yield differs("state", atRelay, atProcessor);
  if (record.recordNumber !== payment.recordNumber) {
    yield differs("record number", record.recordNumber, payment.recordNumber);
  }
  const isSeenByBoth = record.totalMinor !== 0n && !payment.isTombstone;
  if (isSeenByBoth && record.totalMinor !== payment.totalMinor) {
    yield differs("amount", record.totalMinor, payment.totalMinor);
  }
  if (isSeenByBoth && record.currency !== payment.currency) {
    yield differs("currency", record.currency, payment.currency);
  }
  if (isCharge(record.state) && record.approvedAmountMinor !== payment.approvedAmountMinor) {
    yield differs("amount approved", record.approvedAmountMinor, payment.approvedAmountMinor);
  }
  if (record.revision !== payment.revision) {
    yield differs("revision", record.revision, payment.revision);
  }
  const [ours, theirs] = [record.result?.result, payment.result?.result];
  if (ours === undefined || theirs === undefined || !equalBytes(ours, theirs)) {
    yield "the signed result at the relay is not the processor's";
  }
}

/** Whether the processor signed what the relay says. */
function* missigned(record: ComparedRecord, manifest: Manifest): Iterable<string> {
  if (record.result === undefined) return;
  try {
    const result = verifySignedResult({ signed: record.result, manifest });
    const isReversed = result.outcome === Outcome.REVERSED;
    const kind =
      record.state === PaymentState.AUTHORIZED ? PaymentKind.AUTHORIZATION : PaymentKind.SALE;
    const signed = isReversed ? "REVERSED" : stateOfOutcome(result.outcome, kind);
    if (PaymentState[signed] !== record.state) {
      yield `signed: ${stateWord(PaymentState[signed])}; the relay says ${stateWord(record.state)}`;
    }
    if (result.recordNumber !== record.recordNumber) {
      yield `signed for record ${result.recordNumber}`;
    }
    if (paymentIdFromBytes(result.paymentId) !== record.paymentId)
      yield "signed for another payment";
    if (result.merchantId !== "" && result.merchantId !== record.merchantId) {
      yield `signed for merchant ${result.merchantId}`;
    }
    if (result.approvedAmountMinor !== record.approvedAmountMinor) {
      const { approvedAmountMinor } = record;
      yield `signed for ${result.approvedAmountMinor}; the relay says ${approvedAmountMinor}`;
    }
  } catch (error) {
    if (!(error instanceof PaymentError)) throw error;
    yield "the signed result at the relay does not verify";
  }
}

/** Whether its postings are what its state says. */
function* mispostings({ state, approvedAmountMinor, postings }: LedgerPayment): Iterable<string> {
  const [there, back] = postings;
  const isRight = (() => {
    if (approvedAmountMinor === 0n) return postings.length === 0;
    if (isCharge(state)) return postings.length === 1 && there?.amountMinor === approvedAmountMinor;
    if (state !== PaymentState.REVERSED) return postings.length === 0;
    if (postings.length !== 2 || there === undefined || back === undefined) return false;
    const isSame = there.amountMinor === back.amountMinor && there.currency === back.currency;
    const isTurned =
      there.debitAccount === back.creditAccount && there.creditAccount === back.debitAccount;
    return isSame && isTurned && back.kind === "REVERSAL";
  })();
  if (isRight) return;
  const rows = postings.map(({ kind, amountMinor }) => `${kind} ${amountMinor}`);
  yield `${stateWord(state)} over ${approvedAmountMinor}, posted: ${rows.join(", ") || "nothing"}`;
}

function isCharge(state: PaymentState): boolean {
  return isApproved(enumName(PaymentState, state));
}
