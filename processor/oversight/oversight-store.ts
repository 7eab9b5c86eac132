import { paymentPages } from "../../prisma/payment-pages.ts";
import type { Account, Payment, Posting, Prisma } from "../../prisma/processor/client/client.ts";
import { ONE_MOMENT } from "../../prisma/readable-database.ts";
import type { LedgerDatabase } from "../database.ts";

/** A payment as the ledger has it, with its postings; the reversal last. */
export type LedgerPayment = Payment & { readonly postings: readonly Posting[] };

export type LedgerAccount = Pick<
  Account,
  "accountId" | "kind" | "holder" | "currency" | "balanceMinor"
> & {
  /** The sum of all its postings. */
  readonly recomputedMinor: bigint;
};

interface Balance {
  /** As kept with the account, and as the sum of its postings, in minor units. */
  readonly balanceMinor: bigint;
  readonly recomputedMinor: bigint;
  readonly postings: bigint;
}

/** Reading the ledger, for operators; nothing here is on the way of a payment. */
export class OversightStore {
  readonly #database: LedgerDatabase;

  constructor(database: LedgerDatabase) {
    this.#database = database;
  }

  /** Every payment in pages of up to `size`, in the order of merchant id and payment id. */
  payments(size: number): AsyncGenerator<readonly LedgerPayment[]> {
    return paymentPages(size, async (where, take) => {
      const query = { where, take, orderBy: IN_ORDER, include: { postings: true } };
      const [rows] = await this.#database.read((prisma) =>
        prisma.$transaction([prisma.payment.findMany(query)], ONE_MOMENT),
      );
      return rows.map((row) => ({ ...row, postings: row.postings.toSorted(reversalLast) }));
    });
  }

  /** Every account in pages of up to `size`, in the order of their numbers. */
  async *accounts(size: number): AsyncGenerator<readonly LedgerAccount[]> {
    for (let after = 0n; ; ) {
      const rows = await this.#database.read((prisma) =>
        prisma.$transaction((moment) => pageOfAccounts(moment, after, size), ONE_MOMENT),
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows;
      after = last.accountId;
    }
  }

  /** Balance of a merchant's account; zeros when it has none in this currency. */
  balance(merchantId: string, currency: number): Promise<Balance> {
    const holder = new TextEncoder().encode(merchantId);
    const key = { kind_holder_currency: { kind: "MERCHANT", holder, currency } };
    return this.#database.read((prisma) =>
      prisma.$transaction(async (moment) => {
        const account = await moment.account.findUnique({ where: key });
        if (account === null) return { balanceMinor: 0n, recomputedMinor: 0n, postings: 0n };
        const { accountId, balanceMinor } = account;
        const [credit, debit] = [
          await moment.posting.aggregate({
            where: { merchantId, creditAccount: accountId },
            ...SUM,
          }),
          await moment.posting.aggregate({
            where: { merchantId, debitAccount: accountId },
            ...SUM,
          }),
        ];
        return {
          balanceMinor,
          recomputedMinor: (credit._sum.amountMinor ?? 0n) - (debit._sum.amountMinor ?? 0n),
          postings: BigInt(credit._count + debit._count),
        };
      }, ONE_MOMENT),
    );
  }
}

const IN_ORDER = [{ merchantId: "asc" as const }, { paymentId: "asc" as const }];
const SUM = { _sum: { amountMinor: true }, _count: true } as const;

function reversalLast(a: Posting, b: Posting): number {
  return Number(a.kind === "REVERSAL") - Number(b.kind === "REVERSAL");
}

/** Each side of all postings is read once a page: a ledger has few accounts beside its postings. */
async function pageOfAccounts(
  moment: Prisma.TransactionClient,
  after: bigint,
  size: number,
): Promise<readonly LedgerAccount[]> {
  const accounts = await moment.account.findMany({
    select: { accountId: true, kind: true, holder: true, currency: true, balanceMinor: true },
    where: { accountId: { gt: after } },
    orderBy: { accountId: "asc" },
    take: size,
  });
  const ids = { in: accounts.map(({ accountId }) => accountId) };
  const [credits, debits] = [
    await moment.posting.groupBy({ by: "creditAccount", where: { creditAccount: ids }, ...TOTAL }),
    await moment.posting.groupBy({ by: "debitAccount", where: { debitAccount: ids }, ...TOTAL }),
  ];
  const totals = new Map<bigint, bigint>();
  const add = (account: bigint, minor: bigint) =>
    totals.set(account, (totals.get(account) ?? 0n) + minor);
  for (const { creditAccount, _sum } of credits) add(creditAccount, _sum.amountMinor ?? 0n);
  for (const { debitAccount, _sum } of debits) add(debitAccount, -(_sum.amountMinor ?? 0n));
  return accounts.map((account) => ({
    ...account,
    recomputedMinor: totals.get(account.accountId) ?? 0n,
  }));
}

const TOTAL = { _sum: { amountMinor: true } } as const;
