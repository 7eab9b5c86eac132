import type { Check, Evidence } from "./check.ts";
import type { AccountRow, PostingRow } from "./end-state.ts";

/** Limits of a day, whatever clocks say which day it is. */
export const LIMIT_CHECKS: readonly Check[] = [
  { invariant: "no account spends more in a day than its limits", violations: overspent },
  {
    invariant: "a limit declines only what the day has no room for",
    violations: declinedForNothing,
  },
];

/** What an account spent of one day's limits, and what of that was never taken back. */
interface Day {
  readonly gross: Spent;
  readonly net: Spent;
}
interface Spent {
  readonly minor: bigint;
  readonly count: number;
}

function* overspent({ end, timesBegun }: Evidence): Iterable<string> {
  for (const account of end.accounts.filter(isLimited)) {
    const { daily_amount_minor_max: most, daily_count_max: often } = account;
    for (const [day, { net }] of daysOf(account, end.postings)) {
      const times = timesBegun(day);
      const name = `account ${account.account_id} on ${day}, which began ${times} times`;
      if (most !== null && net.minor > most * BigInt(times)) {
        yield `${name}: spent ${net.minor} of ${most}`;
      }
      if (often !== null && net.count > often * times) {
        yield `${name}: ${net.count} of ${often} times`;
      }
    }
  }
}

/** All that was ever spent on that day is more than what was when the limit was looked at. */
function* declinedForNothing({ end, history, tokens }: Evidence): Iterable<string> {
  const payments = new Map(end.payments.map((payment) => [payment.payment_id, payment]));
  const accounts = new Map(end.accounts.map((one) => [`${one.holder} ${one.currency}`, one]));
  for (const { paymentId, plan } of history.payments) {
    const payment = payments.get(paymentId);
    if (payment === undefined || payment.state !== "DECLINED") continue;
    const account = accounts.get(`${tokens.accounts.get(plan.card)} ${payment.currency}`);
    if (account === undefined) continue;
    const { settlement_date: date, response_code: code, total_minor: total } = payment;
    const { gross } = daysOf(account, end.postings).get(date) ?? NOTHING;
    const { daily_amount_minor_max: most, daily_count_max: often } = account;
    const name = `${paymentId} with ${plan.card} on ${date}`;
    if (code === "61" && (most === null || gross.minor + total <= most)) {
      yield `${name}: declined for ${gross.minor} + ${total} of ${most}`;
    }
    if (code === "65" && (often === null || gross.count + 1 <= often)) {
      yield `${name}: declined for ${gross.count} + 1 of ${often} times`;
    }
  }
}

const NOTHING: Day = { gross: { minor: 0n, count: 0 }, net: { minor: 0n, count: 0 } };

function isLimited({ daily_amount_minor_max, daily_count_max }: AccountRow): boolean {
  return daily_amount_minor_max !== null || daily_count_max !== null;
}

function daysOf({ account_id }: AccountRow, postings: readonly PostingRow[]): Map<number, Day> {
  const reversed = new Set(
    postings.filter(({ kind }) => kind === "REVERSAL").map(({ payment_id }) => payment_id),
  );
  const spending = postings.filter(({ kind, debit_account }) => {
    return debit_account === account_id && (kind === "SALE" || kind === "AUTHORIZATION");
  });
  const sum = (some: readonly PostingRow[]): Spent => ({
    minor: some.reduce((total, { amount_minor }) => total + amount_minor, 0n),
    count: some.length,
  });
  const days = Map.groupBy(spending, ({ settlement_date }) => settlement_date);
  return new Map(
    [...days].map(([day, some]) => {
      const kept = some.filter(({ payment_id }) => !reversed.has(payment_id));
      return [day, { gross: sum(some), net: sum(kept) }];
    }),
  );
}
