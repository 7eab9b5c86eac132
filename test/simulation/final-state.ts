import { getTypeParser } from "../../processor/database.ts";
import type { SqlEngine } from "./sql-engine.ts";

export interface RecordEnd {
  readonly record_number: string;
  readonly payment_id: string;
  readonly digest: string | null;
  readonly state: string;
  readonly total_minor: bigint;
  readonly approved_amount_minor: bigint;
  readonly result: Buffer | null;
  readonly has_sealed_data: boolean;
  /** Whether somebody wants to hear of that terminal's payments. */
  readonly is_told: boolean;
}

export interface PaymentEnd {
  readonly payment_id: string;
  readonly record_number: string;
  readonly state: string;
  readonly total_minor: bigint;
  readonly approved_minor: bigint;
  readonly result: Buffer;
}

export interface PostingEnd {
  readonly payment_id: string;
  readonly kind: string;
  readonly debit_account: bigint;
  readonly credit_account: bigint;
  readonly amount_minor: bigint;
}

export interface AccountEnd {
  readonly account_id: bigint;
  readonly balance_minor: bigint;
  readonly credit_minor: bigint | null;
}

/** What the databases say when all is over. */
export interface FinalState {
  readonly records: readonly RecordEnd[];
  readonly payments: readonly PaymentEnd[];
  readonly postings: readonly PostingEnd[];
  readonly accounts: readonly AccountEnd[];
  /** By record number, state and channel. */
  readonly notifications: readonly string[];
  /** Jobs that send them, by the same. */
  readonly jobs: readonly string[];
  /** Cards with a number of tries that there can not be. */
  readonly wrongTries: number;
}

export async function readFinalState(engine: SqlEngine): Promise<FinalState> {
  const read = async <Row>(text: string) =>
    (await engine.query({ text, types: { getTypeParser } })).rows as readonly Row[];
  return {
    records: await read<RecordEnd>(RECORDS),
    payments: await read<PaymentEnd>(PAYMENTS),
    postings: await read<PostingEnd>("SELECT * FROM processor.posting ORDER BY payment_id, kind"),
    accounts: await read<AccountEnd>("SELECT * FROM processor.account ORDER BY account_id"),
    notifications: (await read<{ id: string }>(NOTIFICATIONS)).map(({ id }) => id),
    jobs: (await read<{ key: string }>(JOBS)).map(({ key }) => key),
    wrongTries: (await read(WRONG_TRIES)).length,
  };
}

/** Whether any record can still change by itself. */
export async function hasOpenRecords(engine: SqlEngine): Promise<boolean> {
  const text = "SELECT 1 FROM record WHERE due_at IS NOT NULL OR state = ANY ($1) LIMIT 1";
  const values = [["RECEIVED", "FORWARDED", "REVERSING"]];
  return (await engine.query({ name: "simulation.open", text, values })).rows.length > 0;
}

const RECORDS = `
  SELECT record_number, payment_id, left(encode(digest, 'hex'), 16) AS digest, state, total_minor,
    approved_amount_minor, result, (reader_payment IS NOT NULL) AS has_sealed_data,
    terminal_id IN (SELECT terminal_id FROM terminal_contact) AND kind <> 'UNSPECIFIED' AS is_told
  FROM record ORDER BY payment_id, record_number`;
const PAYMENTS = `
  SELECT payment_id, record_number, state, total_minor, approved_minor, result
  FROM processor.payment ORDER BY payment_id`;
const NOTIFICATIONS = "SELECT id FROM notification ORDER BY id";
const JOBS = "SELECT key FROM graphile_worker.job ORDER BY key";
/** A card loses tries by wrong PINs alone, and there were no more of them than verdicts. */
const WRONG_TRIES = `
  SELECT 1 FROM pin.card
  WHERE 3 - tries_left > (SELECT count(*) FROM pin.verdict WHERE verdict <> 'VERIFIED')`;
