import type { StateName } from "../../payment/states.ts";
import type { Databases } from "../databases.ts";
import { OTHER_RELAY } from "../relay-names.ts";

/** A record as the relay has it. */
export interface RelayRow {
  readonly record_number: string;
  readonly merchant_id: string;
  readonly payment_id: string;
  readonly state: StateName;
  /** A payment that was made impossible before it came: nothing is known of it but its id. */
  readonly is_unseen: boolean;
  /** SHA-512 of what the reader signed, in hexadecimal digits; null where nobody has seen it. */
  readonly digest: string | null;
  readonly is_due: boolean;
  readonly has_sealed_data: boolean;
  readonly total_minor: bigint;
  readonly approved_amount_minor: bigint;
  readonly revision: number;
  readonly result: Uint8Array | null;
  readonly result_signature: Uint8Array | null;
  readonly result_key_id: Uint8Array | null;
}

/** A record of a relay that was not the first to submit the payment. */
interface OtherRow {
  readonly record_number: string;
  readonly payment_id: string;
  readonly state: StateName;
  readonly is_due: boolean;
}

/** A change of a record, as the relay keeps and tells it. */
export interface EventRow {
  readonly sequence: bigint;
  readonly record_number: string;
  readonly state: StateName;
}

/** A payment as the processor has it. */
export interface LedgerRow {
  readonly record_number: string;
  readonly merchant_id: string;
  readonly payment_id: string;
  readonly state: StateName | "TOMBSTONE";
  readonly kind: string;
  readonly currency: number;
  readonly total_minor: bigint;
  readonly approved_minor: bigint;
  readonly response_code: string;
  /** Of the reader; null in a tombstone. In hexadecimal digits. */
  readonly signing_key_id: string | null;
  readonly counter: bigint | null;
  /** YYYYMMDD */
  readonly settlement_date: number;
  readonly revision: number;
  /** The last one that the relay said it has committed. */
  readonly acknowledged_revision: number;
  readonly result: Uint8Array;
}

export interface PostingRow {
  readonly payment_id: string;
  readonly merchant_id: string;
  readonly kind: "SALE" | "AUTHORIZATION" | "REFUND" | "REVERSAL";
  readonly debit_account: bigint;
  readonly credit_account: bigint;
  readonly amount_minor: bigint;
  readonly currency: number;
  /** YYYYMMDD */
  readonly settlement_date: number;
}

export interface AccountRow {
  readonly account_id: bigint;
  /** In hexadecimal digits. */
  readonly holder: string;
  readonly currency: number;
  readonly balance_minor: bigint;
  readonly daily_amount_minor_max: bigint | null;
  readonly daily_count_max: number | null;
}

export interface PinCardRow {
  /** In hexadecimal digits. */
  readonly card_token: string;
  readonly tries_left: number;
}

export interface VerdictRow {
  /** SHA-512 of what the reader signed, in hexadecimal digits. */
  readonly digest: string;
  readonly verdict: "VERIFIED" | "WRONG" | "TRIES_EXCEEDED";
  /** Afterwards. */
  readonly tries_left: number;
}

/** What both databases hold when everything is healed and final. */
export interface EndState {
  readonly records: readonly RelayRow[];
  /** Of the relay with another id. */
  readonly otherRecords: readonly OtherRow[];
  /** In the order of their sequence. */
  readonly events: readonly EventRow[];
  readonly payments: readonly LedgerRow[];
  readonly postings: readonly PostingRow[];
  readonly accounts: readonly AccountRow[];
  readonly pinCards: readonly PinCardRow[];
  readonly verdicts: readonly VerdictRow[];
}

export async function readEndState(databases: Databases): Promise<EndState> {
  for (const text of EMPTY_SEALED) await databases.query("relay", text);
  return {
    records: await databases.query<RelayRow>("relay", RECORDS),
    otherRecords: await databases.query<OtherRow>(OTHER_RELAY, OTHER_RECORDS),
    events: await databases.query<EventRow>("relay", EVENTS),
    payments: await databases.query<LedgerRow>("processor", PAYMENTS),
    postings: await databases.query<PostingRow>("processor", "SELECT * FROM processor.posting"),
    accounts: await databases.query<AccountRow>("processor", ACCOUNTS),
    pinCards: await databases.query<PinCardRow>("processor", PIN_CARDS),
    verdicts: await databases.query<VerdictRow>("processor", VERDICTS),
  };
}

/** As relays do in the course of eight minutes. */
const EMPTY_SEALED = [
  "SELECT empty_sealed_slot(slot, 7) FROM generate_series(0, 6) AS slot",
  "SELECT empty_sealed_slot(7, 0)",
];
const RECORDS = `
  SELECT record_number, merchant_id, payment_id, state, kind = 'UNSPECIFIED' AS is_unseen,
    encode(digest, 'hex') AS digest,
    due_at IS NOT NULL AS is_due,
    reader_payment IS NOT NULL OR EXISTS (
      SELECT FROM sealed_payment sealed WHERE sealed.record_number = record.record_number
    ) AS has_sealed_data,
    total_minor, approved_amount_minor, revision, result, result_signature, result_key_id
  FROM record`;
const OTHER_RECORDS = `
  SELECT record_number, payment_id, state, due_at IS NOT NULL AS is_due FROM record`;
const EVENTS = "SELECT sequence, record_number, state FROM record_event ORDER BY sequence";
const PAYMENTS = `
  SELECT record_number, merchant_id, payment_id, state, kind, currency, total_minor,
    approved_minor, response_code, encode(signing_key_id, 'hex') AS signing_key_id, counter,
    settlement_date, revision, acknowledged_revision, result
  FROM processor.payment`;
const ACCOUNTS = `
  SELECT account_id, encode(holder, 'hex') AS holder, currency, balance_minor,
    daily_amount_minor_max, daily_count_max
  FROM processor.account`;
const PIN_CARDS = "SELECT encode(card_token, 'hex') AS card_token, tries_left FROM pin.card";
const VERDICTS = `
  SELECT encode(digest, 'hex') AS digest, verdict, tries_left::int FROM pin.verdict`;
