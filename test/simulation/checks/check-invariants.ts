import { Certainty, PaymentState } from "../../../gen/cardlane/payment/v1/payment_pb.ts";
import { ShownOutcome } from "../../../gen/cardlane/reader/v1/reader_pb.ts";
import type { Completed } from "../../../gen/cardlane/relay/v1/relay_pb.ts";
import type { PaymentReport } from "../../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { enumName } from "../../../payment/enum-name.ts";
import { paymentIdFromBytes } from "../../../payment/identifiers.ts";
import { formatMoney } from "../../../payment/money.ts";
import { EUR } from "../people/draw-order.ts";
import { checkMoney } from "./check-money.ts";
import { checkPins } from "./check-pins.ts";
import type { FinalState, RecordEnd } from "./final-state.ts";
import { CHARGED_STATES, Ledger } from "./ledger.ts";
import type { Observations, ShownEnd } from "./observations.ts";

const FINAL_STATES = ["APPROVED", "AUTHORIZED", "DECLINED", "REVERSED"];
const SAID_TO_BE_CHARGED: readonly PaymentState[] = [
  PaymentState.APPROVED,
  PaymentState.AUTHORIZED,
];
/** The deadline, and what two slow statements and a program that stands still may add. */
const APPROVED_WITHIN_MS = 40_000;

/** @returns what is wrong, in sentences; nothing when every invariant holds. */
export function checkInvariants(end: FinalState, seen: Observations): readonly string[] {
  const ledger = new Ledger(end);
  return [
    ...seen.violations,
    ...checkMoney(end, ledger, seen),
    ...checkPins(end, seen),
    ...ledger.records.flatMap((record) => recordHolds(record, ledger, seen)),
    ...oneRecordEach(ledger, seen),
    ...acknowledgedIsThere(ledger, seen),
    ...seen.completed.flatMap((completed) => toldIsTrue(completed, ledger, seen)),
    ...seen.reports.flatMap((report) => reportIsTrue(report, ledger, seen)),
    ...sameBytes(ledger, seen),
    ...approvedInTime(ledger, seen),
    ...toldOnce(end),
    ...[...seen.shown.values()].flatMap((shown) => shownIsTrue(shown, ledger)),
  ];
}

/** Invariants 5, 6, 7 and 8, for one record. */
function recordHolds(
  record: RecordEnd,
  ledger: Ledger,
  { areRelaysRestored }: Observations,
): readonly string[] {
  const { payment_id: id, state } = record;
  if (areRelaysRestored && record.digest === null) return [];
  const problems: string[] = [];
  const say = (what: string) => void problems.push(`record of ${id}, ${state}: ${what}`);
  if (!FINAL_STATES.includes(state)) say("is not final");
  if (record.has_sealed_data) say("still has the sealed data");
  const payment = ledger.payments.get(id);
  const atProcessor = payment?.state ?? "NOTHING";
  const isOwn = payment?.record_number === record.record_number;
  // Of two relays that claim a payment one keeps it; the other knows that it is not its own.
  const isElsewhere = payment !== undefined && payment.relay_id !== record.relay_id;
  // The id was paid before, with a record that is lost: told as unknown, and for a person.
  const isRefused = areRelaysRestored && state === "DECLINED" && record.result === null;
  const isAgreed =
    isRefused || (isElsewhere ? state === "DECLINED" : AGREEING[state]?.includes(atProcessor));
  if (isAgreed !== true) say(`the processor has ${atProcessor}${isElsewhere ? " elsewhere" : ""}`);
  // A refusal has no result: the processor has the payment from another record, or not at all.
  if (record.result !== null && payment !== undefined) {
    // A lost record's answer is adopted by the one that took its place.
    if (!isOwn && !areRelaysRestored) say("its result is of another record");
    if (!record.result.equals(payment.result)) say("the processor signed another result");
    const isTombstone = payment.state === "TOMBSTONE";
    if (!isTombstone && record.total_minor !== payment.total_minor && record.total_minor !== 0n) {
      say("the processor has another amount");
    }
  }
  const { approved_amount_minor: approved } = record;
  if (CHARGED_STATES.includes(state) && approved !== payment?.approved_minor) {
    say(`says ${approved} was approved, the processor ${payment?.approved_minor}`);
  }
  return problems;
}

/** What the processor may have for a record in this state. */
const AGREEING: Readonly<Record<string, readonly string[]>> = {
  APPROVED: ["APPROVED"],
  AUTHORIZED: ["AUTHORIZED"],
  DECLINED: ["DECLINED", "NOTHING"],
  REVERSED: ["REVERSED", "TOMBSTONE", "DECLINED"],
};

/** Invariant 3: one record for a payment, one for a payment at the processor. */
function oneRecordEach(
  { records, end, recordOf }: Ledger,
  { areRelaysRestored }: Observations,
): readonly string[] {
  const ids = records.map(({ relay_id: relay, payment_id: id }) => `${id} at ${relay}`);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  const lost = end.payments.filter((one) => recordOf(one.record_number)?.relay_id !== one.relay_id);
  return [
    ...twice.map((id) => `payment ${id} has more than one record`),
    ...(areRelaysRestored ? [] : lost).map(
      ({ payment_id: id }) => `the processor has ${id}, no relay has its record`,
    ),
  ];
}

/** Invariant 4: what a relay acknowledged is there, and is what it said. */
function acknowledgedIsThere({ recordOf }: Ledger, seen: Observations): readonly string[] {
  if (seen.areRelaysRestored) return [];
  return [...seen.recorded]
    .filter(([number, paymentId]) => recordOf(number)?.payment_id !== paymentId)
    .map(([number, paymentId]) => `record ${number} of ${paymentId} was told, and is not there`);
}

/** Invariants 4 and 6: a final word stays. */
function toldIsTrue(
  completed: Completed,
  ledger: Ledger,
  { areRelaysRestored }: Observations,
): readonly string[] {
  const id = paymentIdFromBytes(completed.paymentId);
  const told = enumName(PaymentState, completed.state);
  const record = ledger.recordOf(completed.recordNumber);
  if (record === undefined && areRelaysRestored) return [];
  const state = record?.state ?? "NOTHING";
  const problems = told === state ? [] : [`a relay told that ${id} is ${told}, it is ${state}`];
  const signed = completed.result?.result;
  const stored = record?.result;
  if (signed && stored && !stored.equals(signed))
    problems.push(`a relay told another result: ${id}`);
  return problems;
}

/** Invariants 6 and 7, as a cashier and a customer see them. */
function reportIsTrue(
  report: PaymentReport,
  ledger: Ledger,
  seen: Observations,
): readonly string[] {
  if (report.certainty !== Certainty.FINAL) return [];
  const id = report.paymentId;
  const problems: string[] = [];
  const isSaidToBeCharged = SAID_TO_BE_CHARGED.includes(report.state);
  const amount = isSaidToBeCharged ? (report.result?.approvedAmountMinor ?? 0n) : 0n;
  const net = ledger.netOf(id);
  const told = `a till was told ${enumName(PaymentState, report.state)} of ${id}`;
  const say = (what: string) => void problems.push(`${told}${what}`);
  if (net !== amount) say(`, ${amount}; ${net} was taken`);
  const { amounts, acceptPartial = false } = seen.asked.get(id)?.request ?? {};
  const isAcceptable = amount === amounts?.totalMinor || (acceptPartial && amount > 0n);
  if (isSaidToBeCharged && !isAcceptable) say(`: ${amount}, but another amount was asked for`);
  if (report.signedResult === undefined) say(", and the processor signed nothing");
  const isShownApproved = report.shown === ShownOutcome.APPROVED;
  if (isShownApproved && !isSaidToBeCharged) say("; the reader shows approved");
  if (isSaidToBeCharged && SHOWN_UNCHARGED.includes(report.shown)) {
    say("; the reader shows that nothing was charged");
  }
  const finals = seen.reports.filter(
    (one) => one.paymentId === id && one.certainty === Certainty.FINAL,
  );
  if (finals.some(({ state }) => state !== report.state)) say(", and otherwise");
  return problems;
}

const SHOWN_UNCHARGED: readonly ShownOutcome[] = [ShownOutcome.DECLINED, ShownOutcome.REVERSED];

/** Invariant 6, by the display itself: a payment of this reader ended as it says. */
function shownIsTrue({ reader, text }: ShownEnd, { end }: Ledger): readonly string[] {
  const [outcome = "", amount = ""] = /^(\w+) (.*)$/.exec(text)?.slice(1) ?? [];
  if (outcome === "UNKNOWN") return [];
  const isTrue = end.payments
    .filter(({ reader_serial: serial }) => serial === reader)
    .some(({ state, approved_minor: amountMinor }) => {
      const isCharged = CHARGED_STATES.includes(state);
      if (outcome !== "APPROVED") return !isCharged;
      return isCharged && formatMoney({ amountMinor, currency: EUR }) === amount;
    });
  return isTrue ? [] : [`reader ${reader} showed "${text}" of no payment`];
}

/** Invariant 3: an id and a counter stand for the same bytes for ever. */
function sameBytes({ records, recordOf }: Ledger, seen: Observations): readonly string[] {
  const reused = [...seen.counted].filter(
    ([counter, digests]) => digests.size > 1 && !seen.forgetful.has(counter.split(" ")[0] ?? ""),
  );
  const foreign = records.filter(({ payment_id: id, digest }) => {
    return digest !== null && seen.submitted.get(id as never)?.has(digest) !== true;
  });
  const mistaken = seen.accepted.filter(({ recordNumber, digest }) => {
    const stored = recordOf(recordNumber)?.digest ?? digest;
    return stored !== digest;
  });
  return [
    ...mistaken.map(({ recordNumber: number }) => `record ${number} was told for other bytes`),
    ...reused.map(([counter]) => `reader and counter ${counter} signed different payments`),
    ...foreign.map(({ payment_id: id }) => `record of ${id} has bytes that nobody submitted`),
  ];
}

/** Invariant 5: whatever the clocks say, the customer has not left long ago. */
function approvedInTime({ records }: Ledger, seen: Observations): readonly string[] {
  // After a restore nobody knows who was told of an approval in time.
  if (seen.areRelaysRestored) return [];
  return records
    .filter(({ state }) => CHARGED_STATES.includes(state))
    .flatMap(({ record_number: number }) => {
      const recordedAtMs = seen.recordedAtMs.get(number) ?? Number.NaN;
      const tookMs = (seen.completedAtMs.get(number) ?? Number.NaN) - recordedAtMs;
      return tookMs <= APPROVED_WITHIN_MS
        ? []
        : [`record ${number} was approved after ${Math.round(tookMs)} ms`];
    });
}

/** Outcome, notification and the job that sends it are there together, and once. */
function toldOnce({ records, notifications, jobs }: FinalState): readonly string[] {
  const wanted = records
    .filter(({ is_told: isTold, state }) => isTold && FINAL_STATES.includes(state))
    .map(({ record_number: number, state }) => `${number}-${state}-EMAIL`);
  const compare = (what: string, found: readonly string[]) => [
    ...without(wanted, found).map((id) => `no ${what} ${id}`),
    ...without(found, wanted).map((id) => `${what} ${id} too much`),
  ];
  return [...compare("notification", notifications), ...compare("job", jobs)];
}

/** What is in `items` more often than in `others`. */
function without(items: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return items.filter((item) => {
    const index = left.indexOf(item);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}
