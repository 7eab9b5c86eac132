import { isApproved } from "../../payment/states.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { Told, TriedPayment } from "../history.ts";
import type { Check, Evidence } from "./check.ts";
import type { PostingRow } from "./end-state.ts";

/** What clients were told, beside what there is. */
export const TOLD_CHECKS: readonly Check[] = [
  { invariant: "every payment got a final word", violations: untold },
  { invariant: "what clients were told to be the end is the end", violations: mistold },
  { invariant: "no client was told two different ends", violations: toldTwoThings },
  {
    invariant: "what was told final without a charge has no posting, ever",
    violations: chargedAfterAll,
  },
  {
    invariant: "a record number that was acknowledged stays that payment's",
    violations: unrecorded,
  },
  { invariant: "the amount asked for is the amount recorded", violations: misrecorded },
  {
    invariant: "a part is approved only where a part will do, and no more than was asked for",
    violations: overcharged,
  },
];

function* untold({ history }: Evidence): Iterable<string> {
  for (const { client, paymentId, told } of history.payments) {
    if (told.length === 0) yield `${client} was told nothing final of ${paymentId}`;
  }
}

/** A decline, a reversal and what was never taken are the same to a till: nothing is charged. */
function* toldTwoThings({ history }: Evidence): Iterable<string> {
  for (const { client, paymentId, told } of history.payments) {
    const meanings = new Set(told.map(({ outcome }) => (isApproved(outcome) ? outcome : "none")));
    const ends = told.map(({ outcome }) => outcome).join(", then ");
    if (meanings.size > 1) yield `${client}, ${paymentId}: ${ends}`;
  }
}

function* mistold({ end, history }: Evidence): Iterable<string> {
  const records = new Map(end.records.map((record) => [record.payment_id, record]));
  for (const { tried, told } of everythingTold(history.payments)) {
    // Nothing was signed: the check of the postings says whether that was right.
    if (told.outcome === "NOT TAKEN") continue;
    const record = records.get(tried.paymentId);
    const name = nameOf(tried, told);
    if (record === undefined) yield `${name}, which has no record`;
    else if (record.state !== told.outcome) yield `${name}, which is ${record.state}`;
    else if (told.recordNumber !== record.record_number) yield `${name} with a wrong record number`;
    else if (record.result === null || told.signed === undefined) yield `${name} without a result`;
    else if (!equalBytes(record.result, told.signed.result)) yield `${name} with another result`;
  }
}

function* chargedAfterAll({ end, history }: Evidence): Iterable<string> {
  const postings = Map.groupBy(end.postings, ({ payment_id }) => payment_id);
  for (const { tried, told } of everythingTold(history.payments)) {
    if (isApproved(told.outcome)) continue;
    const posted = postings.get(tried.paymentId) ?? [];
    // A signed reversal says itself that there was something to take back.
    const mayCancel = told.outcome === "REVERSED" && told.signed !== undefined;
    if (posted.length === 0 || (mayCancel && isTakenBack(posted))) continue;
    const kinds = posted.map(({ kind, amount_minor }) => `${kind} ${amount_minor}`).join(", ");
    yield `${nameOf(tried, told)}, for which there is ${kinds}`;
  }
}

function isTakenBack(posted: readonly PostingRow[]): boolean {
  return posted.some(({ kind }) => kind === "REVERSAL");
}

function* unrecorded({ end, history }: Evidence): Iterable<string> {
  const payments = new Map(
    end.records.map(({ record_number, payment_id }) => [record_number, payment_id]),
  );
  for (const { client, paymentId, recorded } of history.payments) {
    for (const recordNumber of recorded) {
      const found = payments.get(recordNumber);
      if (found === paymentId) continue;
      const what = found === undefined ? "which does not exist" : `which is of ${found}`;
      yield `${client} was told record ${recordNumber} of ${paymentId}, ${what}`;
    }
  }
}

function* misrecorded({ end, history }: Evidence): Iterable<string> {
  const records = new Map(end.records.map((record) => [record.payment_id, record]));
  for (const { paymentId, plan } of history.payments) {
    const recorded = records.get(paymentId)?.total_minor;
    // A payment that was cancelled before its bytes came has no amount.
    if (recorded === undefined || recorded === 0n || recorded === plan.totalMinor) continue;
    yield `${paymentId}: asked for ${plan.totalMinor}, recorded ${recorded}`;
  }
}

function* overcharged({ end, history }: Evidence): Iterable<string> {
  const payments = new Map(end.payments.map((payment) => [payment.payment_id, payment]));
  for (const { paymentId, plan, told } of history.payments) {
    const { totalMinor, acceptPartial, kind } = plan;
    const charged = payments.get(paymentId)?.approved_minor ?? 0n;
    const amounts = [charged, ...told.map(({ approvedMinor }) => approvedMinor)];
    const isWhole = !acceptPartial || kind === "REFUND";
    for (const amount of amounts.filter((one) => one > 0n)) {
      if (amount > totalMinor) yield `${paymentId}: asked for ${totalMinor}, approved ${amount}`;
      if (amount < totalMinor && isWhole) {
        yield `${paymentId}: asked for all of ${totalMinor}, approved ${amount}`;
      }
    }
  }
}

function* everythingTold(
  payments: readonly TriedPayment[],
): Iterable<{ readonly tried: TriedPayment; readonly told: Told }> {
  for (const tried of payments) for (const told of tried.told) yield { tried, told };
}

function nameOf({ client, paymentId }: TriedPayment, { outcome }: Told): string {
  return `${client} was told ${outcome} of ${paymentId}`;
}
