import { paymentPages, type Within } from "../../prisma/payment-pages.ts";
import type { Account, Payment, Posting } from "../../prisma/processor/client/client.ts";
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

  /** The payments in pages of up to `size`, in the order of merchant id and payment id. */
  payments(size: number, within: Within = {}): AsyncGenerator<readonly LedgerPayment[]> {
    return paymentPages(size, within, async (where, take) => {
      const query = { where, take, orderBy: IN_ORDER, include: { postings: true } };
      const [rows] = await this.#database.read((prisma) =>
        prisma.$transaction([prisma.payment.findMany(query)], ONE_MOMENT),
      );
      return rows.map((row) => ({ ...row, postings: row.postings.toSorted(reversalLast) }));
    });
  }

  /** Every account in pages of up to `size`, in the order of their numbers, as of one moment. */
  async *accounts(size: number): AsyncGenerator<readonly LedgerAccount[]> {
    for await (const rows of this.#database.report<AccountRow>(ACCOUNTS, size)) {
      yield rows.map((row) => {
        return {
          accountId: row.account_id,
          kind: row.kind,
          holder: row.holder,
          currency: row.currency,
          balanceMinor: row.balance_minor,
          recomputedMinor: row.recomputed_minor,
        };
      });
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

interface AccountRow {
  readonly account_id: bigint;
  readonly kind: string;
  readonly holder: Uint8Array<ArrayBuffer>;
  readonly currency: number;
  readonly balance_minor: bigint;
  readonly recomputed_minor: bigint;
}

/** Each side of all postings is read once, however many accounts there are. */
const ACCOUNTS = `
  SELECT account_id, kind, holder, currency, balance_minor,
    coalesce(posted.minor, 0)::bigint AS recomputed_minor
  FROM processor.account LEFT JOIN (
    SELECT account_id, sum(minor) AS minor FROM (
      SELECT credit_account AS account_id, amount_minor AS minor FROM processor.posting
      UNION ALL
      SELECT debit_account, -amount_minor FROM processor.posting
    ) AS moved GROUP BY account_id
  ) AS posted USING (account_id)
  ORDER BY account_id`;
