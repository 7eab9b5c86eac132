import type { AccountEnd, FinalState, PaymentEnd, PostingEnd } from "./final-state.ts";
import { CHARGED_STATES, type Ledger } from "./ledger.ts";
import type { Observations } from "./observations.ts";

/** From whom to whom each kind of payment moves money; nothing for an enquiry. */
const TRANSFERS: Readonly<Record<string, readonly [debit: string, credit: string]>> = {
  SALE: ["CARDHOLDER", "MERCHANT"],
  AUTHORIZATION: ["CARDHOLDER", "CLEARING"],
  REFUND: ["MERCHANT", "CARDHOLDER"],
};

/** What is wrong with the money: postings, balances, limits of a day. */
export function checkMoney(
  end: FinalState,
  ledger: Ledger,
  { timesLedgerPutBack }: Pick<Observations, "timesLedgerPutBack">,
): readonly string[] {
  const daysMax = 1 + timesLedgerPutBack;
  return [
    ...end.accounts.flatMap((account) => balanceHolds(account, end)),
    ...end.accounts.flatMap((account) =>
      new AccountHistory(account, end.postings).problems(daysMax),
    ),
    ...end.payments.flatMap((payment) => postingsHold(payment, ledger)),
    ...strayPostings(end, ledger),
  ];
}

/** Invariant 1: balances are what the postings make them. */
function balanceHolds(account: AccountEnd, { postings }: FinalState): readonly string[] {
  const { account_id: id, balance_minor: balance } = account;
  const sum = postings.reduce((total, posting) => total + movedOn(id, posting), 0n);
  return sum === balance ? [] : [`account ${id} holds ${balance}, its postings say ${sum}`];
}

/** What a posting does to an account. */
function movedOn(id: bigint, posting: PostingEnd): bigint {
  if (posting.credit_account === id) return posting.amount_minor;
  return posting.debit_account === id ? -posting.amount_minor : 0n;
}

/** Invariants 2 and 11: what is approved is posted once, what is undone nets to zero. */
function postingsHold(payment: PaymentEnd, ledger: Ledger): readonly string[] {
  const { payment_id: id, state, kind, approved_minor: approved } = payment;
  const postings = ledger.postings(id);
  const kinds = postings.map((posting) => posting.kind);
  const isMoving = TRANSFERS[kind] !== undefined;
  const expected = isMoving && CHARGED_STATES.includes(state) ? [kind] : [];
  if (isMoving && state === "REVERSED") expected.push(kind, "REVERSAL");
  const problems: string[] = [];
  const say = (what: string) => void problems.push(`payment ${id}, ${kind}, is ${state}${what}`);
  if (kinds.join() !== expected.join()) say(` with postings [${kinds.join()}]`);
  const net = CHARGED_STATES.includes(state) ? approved : 0n;
  if (ledger.netOf(id) !== net) say(`, net ${ledger.netOf(id)}`);
  if (approved > payment.total_minor) say(" for more than was signed");
  if (postings.some((posting) => !isRightWay(posting, kind, ledger))) say(", moved the wrong way");
  return problems;
}

function isRightWay(posting: PostingEnd, paymentKind: string, { end }: Ledger): boolean {
  const kindOf = (id: bigint) => end.accounts.find((one) => one.account_id === id)?.kind;
  const way = [kindOf(posting.debit_account), kindOf(posting.credit_account)];
  if (posting.kind === "REVERSAL") way.reverse();
  return way.join() === TRANSFERS[paymentKind]?.join();
}

function strayPostings({ postings }: FinalState, ledger: Ledger): readonly string[] {
  return postings
    .filter(({ payment_id: id }) => !ledger.payments.has(id))
    .map(({ payment_id: id }) => `a posting without a payment: ${id}`);
}

/** One account from posting to posting: whether any took more than there was, or was allowed. */
class AccountHistory {
  readonly #account: AccountEnd;
  readonly #postings: readonly PostingEnd[];
  /** Settlement date of each payment that spent something. */
  readonly #spentOn: ReadonlyMap<string, number>;
  readonly #days = new Map<number, { minor: bigint; count: number }>();
  #balance = 0n;

  constructor(account: AccountEnd, all: readonly PostingEnd[]) {
    const { account_id: id } = account;
    this.#account = account;
    this.#postings = all.filter((one) => one.debit_account === id || one.credit_account === id);
    this.#spentOn = new Map(
      this.#postings
        .filter((one) => this.#isSpending(one))
        .map((one) => [one.payment_id, one.settlement_date]),
    );
  }

  /** @param daysMax how often a day may have begun: each time it has its limits. */
  problems(daysMax: number): readonly string[] {
    if (this.#account.kind !== "CARDHOLDER") return [];
    const transactions = Map.groupBy(this.#postings, ({ transaction }) => transaction);
    const met = [...transactions.values()].flatMap((postings) => this.#follow(postings, daysMax));
    return [...met, ...this.#spentHolds()];
  }

  /** The postings of one transaction happen at once. */
  #follow(postings: readonly PostingEnd[], daysMax: number): readonly string[] {
    for (const posting of postings) {
      this.#balance += movedOn(this.#account.account_id, posting);
      this.#count(posting);
    }
    // A reversed refund is taken back even when it was spent already.
    return postings.some((posting) => this.#isSpending(posting)) ? this.#limitsHold(daysMax) : [];
  }

  #count(posting: PostingEnd): void {
    const day = this.#spentOn.get(posting.payment_id);
    if (day === undefined) return;
    const spent = this.#days.get(day) ?? { minor: 0n, count: 0 };
    const sign = posting.kind === "REVERSAL" ? -1 : 1;
    spent.minor += BigInt(sign) * posting.amount_minor;
    spent.count += sign;
    this.#days.set(day, spent);
  }

  #limitsHold(daysMax: number): readonly string[] {
    const { account_id: id, credit_minor: credit } = this.#account;
    const { daily_amount_minor_max: amountMax, daily_count_max: countMax } = this.#account;
    const problems: string[] = [];
    if (this.#balance + (credit ?? 0n) < 0n) problems.push(`account ${id} spent what it had not`);
    for (const [day, { minor, count }] of this.#days) {
      if (amountMax !== null && minor > amountMax * BigInt(daysMax)) {
        problems.push(`account ${id} spent ${minor} on ${day}, of ${amountMax}`);
      }
      if (countMax !== null && count > countMax * daysMax) {
        problems.push(`account ${id} paid ${count} times on ${day}, of ${countMax}`);
      }
    }
    return problems;
  }

  /** What is counted of the day is what was approved on it, less what was reversed. */
  #spentHolds(): readonly string[] {
    const {
      account_id: id,
      spent_day: day,
      spent_minor: minor,
      spent_count: count,
    } = this.#account;
    const spent = this.#days.get(day) ?? { minor: 0n, count: 0 };
    // Around midnight a processor whose clock is behind may count into the day that has begun.
    const isOneDay = [...this.#spentOn.values()].every((one) => one === day);
    const isRight = isOneDay
      ? minor === spent.minor && count === spent.count
      : minor >= spent.minor && count >= spent.count;
    if (isRight) return [];
    const counted = `${minor} in ${count} payments`;
    return [`account ${id} counted ${counted} on ${day}, was ${spent.minor} in ${spent.count}`];
  }

  #isSpending({ kind, debit_account: payer }: PostingEnd): boolean {
    return payer === this.#account.account_id && kind !== "REVERSAL";
  }
}
