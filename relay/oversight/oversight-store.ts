import type { MerchantId, PaymentId } from "../../payment/identifiers.ts";
import type { StateName } from "../../payment/states.ts";
import type { HotDatabase, Statement } from "../../prisma/hot-database.ts";

/** Where a page of records ends. */
interface RecordPosition {
  readonly merchantId: string;
  readonly paymentId: string;
}

const BEFORE_ALL: RecordPosition = {
  merchantId: "",
  paymentId: "00000000-0000-0000-0000-000000000000",
};

/** What of a record can be compared with the processor's ledger. */
export interface ComparedRow {
  readonly record_number: string;
  readonly merchant_id: MerchantId;
  readonly payment_id: PaymentId;
  readonly state: StateName;
  readonly fault_code: string | null;
  readonly response_code: string;
  /** int8 as text. */
  readonly total_minor: string;
  readonly approved_amount_minor: string;
  readonly currency: number;
  readonly revision: number;
  readonly result: Uint8Array | null;
  readonly result_signature: Uint8Array | null;
  readonly result_key_id: Uint8Array | null;
  readonly completed_at: Date | null;
}

/** An order to undo a payment that was not acknowledged yet. */
export interface OpenReversalRow {
  readonly record_number: string;
  readonly payment_id: PaymentId;
  readonly merchant_id: MerchantId;
  readonly terminal_id: string;
  readonly total_minor: string;
  readonly currency: number;
  readonly ordered_at: Date;
  readonly reversal_attempts: number;
  readonly due_at: Date;
  readonly lease_owner: string;
  /** Of all open ones, not of this page alone. */
  readonly total: string;
}

/** Reading all records, for operators. */
export class OversightStore {
  readonly #database: HotDatabase;

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  /** Every record in pages of up to `size`, in the order of merchant id and payment id. */
  async *records(size: number): AsyncGenerator<readonly ComparedRow[]> {
    let after = BEFORE_ALL;
    for (;;) {
      const values = [after.merchantId, after.paymentId, size];
      const rows = await this.#database.run<ComparedRow>(PAGE_OF_RECORDS, values);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows;
      after = { merchantId: last.merchant_id, paymentId: last.payment_id };
    }
  }

  async openReversals(limit: number): Promise<readonly OpenReversalRow[]> {
    return await this.#database.run<OpenReversalRow>(OPEN_REVERSALS, [limit]);
  }
}

const PAGE_OF_RECORDS: Statement = {
  name: "page_of_records",
  text: `
    SELECT record_number, merchant_id, payment_id, state, fault_code, response_code, total_minor,
      approved_amount_minor, currency, revision, result, result_signature, result_key_id,
      completed_at
    FROM record
    WHERE (merchant_id, payment_id) > ($1::text, $2::uuid)
    ORDER BY merchant_id, payment_id LIMIT $3::int`,
};

/** What was cancelled before it came has no event: it was recorded in order to be undone. */
const OPEN_REVERSALS: Statement = {
  name: "open_reversals",
  text: `
    SELECT record.record_number, payment_id, record.merchant_id, terminal_id, total_minor,
      currency, coalesce(begun.changed_at, recorded_at) AS ordered_at, reversal_attempts, due_at,
      lease_owner, count(*) OVER () AS total
    FROM record
    LEFT JOIN LATERAL (
      SELECT changed_at FROM record_event
      WHERE record_event.record_number = record.record_number AND record_event.state = 'REVERSING'
      ORDER BY sequence LIMIT 1
    ) begun ON true
    WHERE record.state = 'REVERSING'
    ORDER BY due_at LIMIT $1::int`,
};
