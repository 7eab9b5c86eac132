import type { MerchantId, PaymentId } from "../../payment/identifiers.ts";
import type { StateName } from "../../payment/states.ts";
import type { HotDatabase, Statement } from "../../prisma/hot-database.ts";

const NO_UUID = "00000000-0000-0000-0000-000000000000";

/** A payment as the ledger has it. */
export interface LedgerRow {
  readonly record_number: string;
  readonly merchant_id: MerchantId;
  readonly payment_id: PaymentId;
  readonly state: StateName | "TOMBSTONE";
  readonly total_minor: bigint;
  readonly approved_minor: bigint;
  readonly currency: number;
  readonly revision: number;
  readonly result: Uint8Array;
  readonly result_signature: Uint8Array;
  readonly result_key_id: Uint8Array;
  readonly processor_time_ms: bigint;
  /** The reversal last. */
  readonly postings: readonly PostingJson[];
}

/** Numbers as text: JSON has no 64-bit integers. */
interface PostingJson {
  readonly kind: string;
  readonly amount_minor: string;
  readonly currency: number;
  readonly debit_account: string;
  readonly credit_account: string;
}

export interface AccountRow {
  readonly account_id: bigint;
  readonly kind: string;
  /** Empty for all but merchants. */
  readonly merchant_id: string;
  readonly currency: number;
  readonly balance_minor: bigint;
  /** The sum of all its postings. */
  readonly recomputed_minor: bigint;
}

/** Reading the whole ledger, for operators. */
export class OversightStore {
  readonly #database: HotDatabase;

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  /** Every payment in pages of up to `size`, in the order of merchant id and payment id. */
  async *payments(size: number): AsyncGenerator<readonly LedgerRow[]> {
    let after: Pick<LedgerRow, "merchant_id" | "payment_id"> | undefined;
    for (;;) {
      const values = [after?.merchant_id ?? "", after?.payment_id ?? NO_UUID, size];
      const rows = await this.#database.run<LedgerRow>(PAGE_OF_PAYMENTS, values);
      if (rows.length === 0) return;
      yield rows;
      after = rows.at(-1);
    }
  }

  /** Every account in pages of up to `size`, in the order of their numbers. */
  async *accounts(size: number): AsyncGenerator<readonly AccountRow[]> {
    let after = 0n;
    for (;;) {
      const rows = await this.#database.run<AccountRow>(PAGE_OF_ACCOUNTS, [after, size]);
      if (rows.length === 0) return;
      yield rows;
      after = rows.at(-1)?.account_id ?? after;
    }
  }
}

const PAGE_OF_PAYMENTS: Statement = {
  name: "page_of_payments",
  text: `
    SELECT record_number, merchant_id, payment_id, state, total_minor, approved_minor, currency,
      revision, result, result_signature, result_key_id, processor_time_ms, posted.postings
    FROM processor.payment
    LEFT JOIN LATERAL (
      SELECT coalesce(json_agg(json_build_object('kind', posting.kind,
          'amount_minor', posting.amount_minor::text, 'currency', posting.currency,
          'debit_account', posting.debit_account::text,
          'credit_account', posting.credit_account::text
        ) ORDER BY posting.kind = 'REVERSAL'), '[]') AS postings
      FROM processor.posting
      WHERE posting.merchant_id = payment.merchant_id AND posting.payment_id = payment.payment_id
    ) posted ON true
    WHERE (merchant_id, payment_id) > ($1::text, $2::uuid)
    ORDER BY merchant_id, payment_id LIMIT $3::int`,
};

/** Each posting is read once for every page: a ledger has few accounts beside its postings. */
const PAGE_OF_ACCOUNTS: Statement = {
  name: "page_of_accounts",
  text: `
    WITH page AS (
      SELECT account_id, kind, currency, balance_minor,
        CASE kind WHEN 'MERCHANT' THEN convert_from(holder, 'UTF8') ELSE '' END AS merchant_id
      FROM processor.account WHERE account_id > $1::bigint ORDER BY account_id LIMIT $2::int
    ), moved AS (
      SELECT debit_account AS account_id, -amount_minor AS amount_minor FROM processor.posting
      UNION ALL
      SELECT credit_account, amount_minor FROM processor.posting
    ), totals AS (
      SELECT account_id, sum(amount_minor)::bigint AS total FROM moved
      WHERE account_id IN (SELECT account_id FROM page) GROUP BY account_id
    )
    SELECT page.account_id, page.kind, page.merchant_id, page.currency, page.balance_minor,
      coalesce(totals.total, 0)::bigint AS recomputed_minor
    FROM page LEFT JOIN totals USING (account_id) ORDER BY page.account_id`,
};
