import { getTypeParser } from "../../../processor/database.ts";
import type { SqlEngine } from "../world/sql-engine.ts";

export interface RecordEnd {
  readonly record_number: string;
  readonly relay_id: string;
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
  readonly relay_id: string;
  readonly reader_serial: string;
  /** The first 16 hexadecimal digits. */
  readonly digest: string;
  readonly kind: string;
  readonly state: string;
  readonly response_code: string;
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
  /** YYYYMMDD. */
  readonly settlement_date: number;
  /** Of its transaction; postings are in their order. */
  readonly transaction: bigint;
}

export interface AccountEnd {
  readonly account_id: bigint;
  readonly kind: string;
  readonly balance_minor: bigint;
  readonly credit_minor: bigint | null;
  readonly daily_amount_minor_max: bigint | null;
  readonly daily_count_max: number | null;
  readonly spent_day: number;
  readonly spent_minor: bigint;
  readonly spent_count: number;
}

/** What the PIN service said of one PIN. */
export interface VerdictEnd {
  /** Of the payment, the first 16 hexadecimal digits. */
  readonly digest: string;
  readonly verdict: string;
  readonly tries_left: number;
}

interface CardEnd {
  readonly last_four: string;
  readonly tries_left: number;
}

/** What the databases say when all is over. */
export interface FinalState {
  readonly records: readonly RecordEnd[];
  /** Those of the relay that has its own id and database. */
  readonly recordsElsewhere: readonly RecordEnd[];
  readonly payments: readonly PaymentEnd[];
  readonly postings: readonly PostingEnd[];
  readonly accounts: readonly AccountEnd[];
  /** In the order in which they were given; also those that a restored database has forgotten. */
  readonly verdicts: readonly VerdictEnd[];
  /** Those that have a PIN. */
  readonly cards: readonly CardEnd[];
  /** By record number, state and channel. */
  readonly notifications: readonly string[];
  /** Jobs that send them, by the same. */
  readonly jobs: readonly string[];
}

/** @param elsewhere the database of the relay that has its own. */
export async function readFinalState(engine: SqlEngine, elsewhere: SqlEngine): Promise<FinalState> {
  for (const each of [engine, elsewhere]) for (const text of EMPTY) await each.query({ text });
  const read = async <Row>(text: string, from = engine) =>
    (await from.query({ text, types: { getTypeParser } })).rows as readonly Row[];
  return {
    records: await read<RecordEnd>(RECORDS),
    recordsElsewhere: await read<RecordEnd>(RECORDS, elsewhere),
    payments: await read<PaymentEnd>(PAYMENTS),
    postings: await read<PostingEnd>(POSTINGS),
    accounts: await read<AccountEnd>("SELECT * FROM processor.account ORDER BY account_id"),
    verdicts: await read<VerdictEnd>(VERDICTS),
    cards: await read<CardEnd>(CARDS),
    notifications: (await read<{ id: string }>(NOTIFICATIONS)).map(({ id }) => id),
    jobs: (await read<{ key: string }>(JOBS)).map(({ key }) => key),
  };
}

/**
 * Whether any record can still change by itself.
 *
 * @param areRelaysRestored then an order that names no bytes may wait for ever for a person: the
 *   payment came after the backup, and the processor has it.
 */
export async function hasOpenRecords(
  engine: SqlEngine,
  areRelaysRestored: boolean,
): Promise<boolean> {
  const text = `
    SELECT 1 FROM record
    WHERE (due_at IS NOT NULL OR state = ANY ($1)) AND NOT ($2 AND digest IS NULL) LIMIT 1`;
  const values = [["RECEIVED", "FORWARDED", "REVERSING"], areRelaysRestored];
  return (await engine.query({ name: "simulation.open", text, values })).rows.length > 0;
}

/**
 * Approvals of the processor of which no relay has said that it is committed.
 *
 * @param areRelaysRestored those that lost a record have nothing to say of it.
 */
export async function unacknowledged(
  engine: SqlEngine,
  areRelaysRestored: boolean,
): Promise<readonly string[]> {
  const text = `
    SELECT payment_id FROM processor.payment
    WHERE state IN ('APPROVED', 'AUTHORIZED') AND acknowledged_revision < revision
      AND (NOT $1 OR record_number IN (SELECT record_number FROM record))`;
  const query = { name: "simulation.unacknowledged", text, values: [areRelaysRestored] };
  return (await engine.query(query)).rows.map(({ payment_id: id }) => id);
}

/** As relays do in the course of eight minutes. */
const EMPTY = [
  "SELECT empty_sealed_slot(slot, 7) FROM generate_series(0, 6) AS slot",
  "SELECT empty_sealed_slot(7, 0)",
];
const RECORDS = `
  SELECT record_number, left(record_number, 2) AS relay_id, payment_id,
    left(encode(digest, 'hex'), 16) AS digest, state, total_minor, approved_amount_minor,
    result, reader_payment IS NOT NULL OR EXISTS (
      SELECT FROM sealed_payment sealed WHERE sealed.record_number = record.record_number
    ) AS has_sealed_data,
    (merchant_id, terminal_id) IN (SELECT merchant_id, terminal_id FROM contact)
      AND kind <> 'UNSPECIFIED' AS is_told
  FROM record ORDER BY payment_id, record_number`;
const PAYMENTS = `
  SELECT payment_id, record_number, relay_id, reader_serial,
    left(encode(digest, 'hex'), 16) AS digest, kind, state, response_code, total_minor,
    approved_minor, result
  FROM processor.payment ORDER BY payment_id`;
// What is only ever added stands in the order in which it was: nothing else keeps that.
const POSTINGS = `
  SELECT *, xmin::text::bigint AS transaction FROM processor.posting ORDER BY posting.ctid`;
const VERDICTS = `
  SELECT left(encode(digest, 'hex'), 16) AS digest, verdict, tries_left
  FROM simulation.verdict ORDER BY position`;
const CARDS = `
  SELECT last_four, tries_left
  FROM processor.card JOIN pin.card AS holder ON holder.card_token = pan_token
  ORDER BY last_four`;
const NOTIFICATIONS = "SELECT id FROM notification ORDER BY id";
const JOBS = "SELECT key FROM graphile_worker.job ORDER BY key";
