import { isApproved } from "../../payment/states.ts";
import type { Check, Evidence } from "./check.ts";
import type { LedgerRow, PostingRow } from "./end-state.ts";

/** What the processor's database alone can tell (the money). */
export const LEDGER_CHECKS: readonly Check[] = [
  { invariant: "all balances of a currency add up to zero", violations: unbalanced },
  { invariant: "every balance is the sum of its postings", violations: misbalanced },
  {
    invariant: "approved: exactly one posting; reversed: none, or two that cancel; else none",
    violations: misposted,
  },
  {
    invariant: "a reversal moves the same money back between the same accounts",
    violations: misreversed,
  },
  { invariant: "no posting without its payment", violations: orphaned },
  {
    invariant: "an approved payment is for more than nothing and not more than was signed",
    violations: misapproved,
  },
  { invariant: "no reader counter was used twice", violations: recounted },
  {
    invariant: "the relay's acknowledgement of each approval has arrived",
    violations: unacknowledged,
  },
];

function* unbalanced({ end }: Evidence): Iterable<string> {
  for (const [currency, accounts] of Map.groupBy(end.accounts, (one) => one.currency)) {
    const total = accounts.reduce((sum, { balance_minor }) => sum + balance_minor, 0n);
    if (total !== 0n) yield `currency ${currency}: ${total}`;
  }
}

function* misbalanced({ end }: Evidence): Iterable<string> {
  const sums = new Map<bigint, bigint>();
  const move = (account: bigint, amount: bigint) => {
    sums.set(account, (sums.get(account) ?? 0n) + amount);
  };
  for (const { debit_account, credit_account, amount_minor } of end.postings) {
    move(debit_account, -amount_minor);
    move(credit_account, amount_minor);
  }
  for (const { account_id, balance_minor } of end.accounts) {
    const sum = sums.get(account_id) ?? 0n;
    if (sum !== balance_minor) yield `account ${account_id}: ${balance_minor}, posted ${sum}`;
  }
}

function* misposted({ end }: Evidence): Iterable<string> {
  const posted = Map.groupBy(end.postings, keyOf);
  for (const payment of end.payments) {
    const found = (posted.get(keyOf(payment)) ?? []).map(said).sort(reversalLast).join(", ");
    const expected = expectedPostings(payment).join(", ");
    if (found !== expected) {
      const { payment_id, state } = payment;
      yield `${payment_id} (${state}): posted "${found}", expected "${expected}"`;
    }
  }
}

function expectedPostings({ state, kind, approved_minor }: LedgerRow): readonly string[] {
  if (approved_minor === 0n) return [];
  const there = `${kind} ${approved_minor}`;
  if (isApproved(state)) return [there];
  return state === "REVERSED" ? [there, `REVERSAL ${approved_minor}`] : [];
}

function said({ kind, amount_minor }: PostingRow): string {
  return `${kind} ${amount_minor}`;
}

function reversalLast(left: string, right: string): number {
  return Number(left.startsWith("REVERSAL")) - Number(right.startsWith("REVERSAL"));
}

function* misreversed({ end }: Evidence): Iterable<string> {
  const posted = Map.groupBy(end.postings, keyOf);
  for (const back of end.postings) {
    if (back.kind !== "REVERSAL") continue;
    const isUndone = (there: PostingRow) =>
      there.kind !== "REVERSAL" &&
      there.debit_account === back.credit_account &&
      there.credit_account === back.debit_account &&
      there.amount_minor === back.amount_minor &&
      there.currency === back.currency;
    if (posted.get(keyOf(back))?.some(isUndone) !== true) yield back.payment_id;
  }
}

function* orphaned({ end }: Evidence): Iterable<string> {
  const known = new Set(end.payments.map(keyOf));
  for (const posting of end.postings) {
    if (!known.has(keyOf(posting))) yield posting.payment_id;
  }
}

/** One of them could be undone by a relay whose database is from before, though it was told. */
function* unacknowledged({ end }: Evidence): Iterable<string> {
  for (const { payment_id, state, revision, acknowledged_revision } of end.payments) {
    if (isApproved(state) && acknowledged_revision < revision) yield payment_id;
  }
}

function* misapproved({ end }: Evidence): Iterable<string> {
  for (const { payment_id, state, approved_minor, total_minor } of end.payments) {
    if (!isApproved(state)) continue;
    if (approved_minor > 0n && approved_minor <= total_minor) continue;
    yield `${payment_id}: approved ${approved_minor} of ${total_minor}`;
  }
}

function* recounted({ end }: Evidence): Iterable<string> {
  const counted = end.payments.filter(({ counter }) => counter !== null);
  const byCounter = Map.groupBy(counted, ({ signing_key_id, counter }) => {
    return `${signing_key_id} ${counter}`;
  });
  for (const [counter, payments] of byCounter) {
    if (payments.length > 1) yield `reader key and counter ${counter}: ${payments.length} payments`;
  }
}

function keyOf({ merchant_id, payment_id }: { merchant_id: string; payment_id: string }): string {
  return `${merchant_id} ${payment_id}`;
}
