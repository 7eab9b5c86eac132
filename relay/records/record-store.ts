import type { PaymentKey } from "../../payment/identifiers.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import { HELD, PAYMENT_TRANSITIONS } from "../../payment/states.ts";
import { binaryArray } from "../../prisma/binary-array.ts";
import type { HotDatabase } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";
import type { StorageBoxes } from "../sealed/storage-boxes.ts";
import { writeEvents } from "./log-position.ts";
import { QUEUE_JOBS, writeNotifications } from "./queue-statement.ts";
import { RECORD_COLUMNS, type RecordRow, recordOf, SUBMISSION_COLUMNS } from "./record-row.ts";
import type { Ending, RecordedPayment, StoredRecord } from "./relay-record.ts";

export interface Recording {
  /** FORWARDED when it will be sent at once: that it may have been sent is durable before it is. */
  readonly state: "RECEIVED" | "FORWARDED";
  /** From now on until the payment is given up and reversed. */
  readonly deadlineMs: number;
  readonly leaseOwner: string;
  /**
   * Of the registry by which the payments were checked; where they differ, the lowest. Undefined
   * where it does not matter who may pay today.
   */
  readonly registryRevision: bigint | undefined;
}

/** The hot statements: one for all payments of a flush. */
export class RecordStore {
  readonly #database: HotDatabase;

  readonly #boxes: StorageBoxes;

  constructor(database: HotDatabase, boxes: StorageBoxes) {
    this.#database = database;
    this.#boxes = boxes;
  }

  /**
   * Writes those that are new, and their first event; nothing when the registry has changed, since
   * a device may be suspended.
   *
   * @returns numbers of those written. What is missing was there already, by payment or by number.
   *   Undefined when the registry has changed.
   */
  async insert(
    payments: readonly RecordedPayment[],
    recording: Recording,
  ): Promise<ReadonlySet<RecordNumber> | undefined> {
    const { slot, boxes } = this.#boxes.seal(payments.map(({ record }) => record));
    const rows = await this.#database.run<InsertedRow>(INSERT, [
      ...INSERT_BATCH.values(payments),
      recording.state,
      recording.deadlineMs,
      recording.leaseOwner,
      recording.registryRevision,
      slot,
      binaryArray("bytea", boxes),
    ]);
    if (rows.some(({ is_current }) => !is_current)) return undefined;
    return new Set(rows.flatMap(({ record_number }) => record_number ?? []));
  }

  /** The records of these payments, where there are any, in no particular order. */
  async findByPayments(keys: readonly PaymentKey[]): Promise<readonly StoredRecord[]> {
    const rows = await this.#database.run<RecordRow>(FIND_BY_PAYMENTS, KEYS.values(keys));
    return rows.map((row) => recordOf(row, this.#boxes));
  }

  async findByNumbers(numbers: readonly RecordNumber[]): Promise<readonly StoredRecord[]> {
    const rows = await this.#database.run<RecordRow>(FIND_BY_NUMBERS, [
      binaryArray("text", numbers),
    ]);
    return rows.map((row) => recordOf(row, this.#boxes));
  }

  /** RECEIVED to FORWARDED, unless somebody else has taken the record over. */
  async markForwarded(
    records: readonly { readonly recordNumber: RecordNumber; readonly claimNumber: number }[],
  ): Promise<ReadonlySet<RecordNumber>> {
    const values = MARK_BATCH.values(records);
    const rows = await this.#database.run<NumberRow>(MARK_FORWARDED, values);
    return new Set(rows.map(({ record_number }) => record_number));
  }

  /**
   * Writes outcomes where the table of transitions allows it and the revision is a newer one, and
   * clears the sealed data in the same statement.
   *
   * @returns for each record that changed, or had this very result already, which revision it has:
   *   an answer from the database may be lost after a commit.
   */
  async complete(endings: readonly WrittenEnding[]): Promise<ReadonlyMap<RecordNumber, number>> {
    const rows = await this.#database.run<NumberRow & { readonly revision: number }>(COMPLETE, [
      ...COMPLETE_BATCH.values(endings),
      LEGAL_TRANSITIONS,
    ]);
    return new Map(rows.map(({ record_number, revision }) => [record_number, revision]));
  }
}

/** What the database keeps of an ending, beside what the record has anyway. */
export type WrittenEnding = Omit<Ending, "merchantId" | "paymentId" | "span">;

interface NumberRow {
  readonly record_number: RecordNumber;
}

interface InsertedRow {
  readonly record_number: RecordNumber | null;
  readonly is_current: boolean;
}

const INSERT_BATCH = new RowParameters<RecordedPayment>({
  record_number: ["text", ({ record }) => record.recordNumber],
  merchant_id: ["text", ({ record }) => record.merchantId],
  payment_id: ["uuid", ({ record }) => record.paymentId],
  ...SUBMISSION_COLUMNS,
  traceparent: ["text", ({ record }) => record.traceparent],
});

const INSERTED_NAMES = INSERT_BATCH.names;
const [STATE, DEADLINE_MS, LEASE_OWNER, REVISION, SLOT, BOXES] = [
  ...["text", "float8", "text", "bigint", "smallint", "bytea[]"],
].map((type, index) => `$${INSERT_BATCH.next + index}::${type}`);
const NUMBERS = `$${INSERT_BATCH.columns.indexOf("record_number") + 1}::text[]`;
const DEADLINE_AT = `now() + interval '1 millisecond' * ${DEADLINE_MS}`;

/**
 * In the order of the key, so that relays that insert the same payments wait, not deadlock. The
 * boxes of those that were there already are of no record.
 */
const INSERT = {
  name: "insert_records",
  text: `
    WITH registry AS MATERIALIZED (
      SELECT coalesce(revision = ${REVISION}, true) AS is_current FROM registry_revision
    ), inserted AS (
      INSERT INTO record (${INSERTED_NAMES},
        state, recorded_at, forwarded_at, deadline_at, due_at, lease_owner)
      SELECT ${INSERTED_NAMES},
        ${STATE}, now(), CASE WHEN ${STATE} = 'FORWARDED' THEN now() END,
        ${DEADLINE_AT}, ${DEADLINE_AT}, ${LEASE_OWNER}
      FROM ${INSERT_BATCH.from("given")}
      WHERE (SELECT is_current FROM registry)
      ORDER BY merchant_id, payment_id
      ON CONFLICT DO NOTHING
      RETURNING record_number, merchant_id, state, recorded_at AS changed_at
    ), sealed AS (
      INSERT INTO sealed_payment (slot, record_number, box)
      SELECT ${SLOT}, record_number, box
      FROM unnest(${NUMBERS}, ${BOXES}) AS one(record_number, box)
      WHERE (SELECT is_current FROM registry)
    ), ${writeEvents("inserted")}
    SELECT record_number, is_current FROM registry LEFT JOIN inserted ON true`,
};

const KEYS = new RowParameters<PaymentKey>({
  merchant_id: ["text", ({ merchantId }) => merchantId],
  payment_id: ["uuid", ({ paymentId }) => paymentId],
});

const FIND_BY_PAYMENTS = {
  name: "find_records_by_payments",
  text: `
    SELECT ${RECORD_COLUMNS}
    FROM ${KEYS.from("given")} JOIN record USING (${KEYS.names})`,
};

const FIND_BY_NUMBERS = {
  name: "find_records_by_numbers",
  text: `SELECT ${RECORD_COLUMNS} FROM record WHERE record_number = ANY ($1::text[])`,
};

const MARK_BATCH = new RowParameters<{ recordNumber: RecordNumber; claimNumber: number }>({
  record_number: ["text", ({ recordNumber }) => recordNumber],
  claim_number: ["int", ({ claimNumber }) => claimNumber],
});

const MARK_FORWARDED = {
  name: "mark_records_forwarded",
  text: `
    WITH changed AS (
      UPDATE record SET state = 'FORWARDED', forwarded_at = now()
      FROM ${MARK_BATCH.from("given")}
      WHERE record.record_number = given.record_number
        AND record.claim_number = given.claim_number AND record.state = 'RECEIVED'
      RETURNING record.record_number, record.merchant_id, record.state,
        record.forwarded_at AS changed_at
    ), ${writeEvents("changed")}
    SELECT record_number FROM changed`,
};

const COMPLETE_BATCH = new RowParameters<WrittenEnding>({
  record_number: ["text", ({ recordNumber }) => recordNumber],
  state: ["text", ({ state }) => state],
  revision: ["int", ({ revision }) => revision],
  response_code: ["text", ({ responseCode }) => responseCode],
  approval_code: ["text", ({ approvalCode }) => approvalCode],
  retrieval_reference: ["text", ({ retrievalReference }) => retrievalReference],
  approved_amount_minor: ["bigint", ({ approvedAmountMinor }) => approvedAmountMinor],
  last_four: ["text", ({ lastFour }) => lastFour],
  scheme: ["text", ({ scheme }) => scheme],
  result: ["bytea", ({ result }) => result?.result],
  result_signature: ["bytea", ({ result }) => result?.signature],
  result_key_id: ["bytea", ({ result }) => result?.keyId],
  fault_code: ["text", ({ faultCode }) => faultCode],
  is_kept: ["boolean", ({ isKept }) => isKept],
});

/** "FORWARDED>APPROVED" and all others of the table. */
const LEGAL_TRANSITIONS = binaryArray(
  "text",
  Object.entries(PAYMENT_TRANSITIONS).flatMap(([from, states]) =>
    states.map((to) => `${from}>${to}`),
  ),
);

/**
 * fault_code stays when none is given: it says why a payment was reversed, unless it only said that
 * an operator had to decide. A payment that was made
 * impossible before it came has no kind, and nobody is told of it.
 */
const COMPLETE = {
  name: "complete_records",
  text: `
    WITH changed AS (
      UPDATE record SET
        ${COMPLETE_BATCH.columns
          .slice(1, -2)
          .map((name) => `${name} = given.${name}`)
          .join(", ")},
        fault_code = coalesce(given.fault_code, nullif(record.fault_code, '${HELD}')),
        reader_payment = NULL, reader_signature = NULL, due_at = NULL,
        completed_at = now()
      FROM ${COMPLETE_BATCH.from("given")}
      WHERE record.record_number = given.record_number
        AND (given.revision > record.revision OR given.result IS NULL)
        AND (record.state || '>' || given.state = ANY ($${COMPLETE_BATCH.next}::text[])
          OR record.state = 'REVERSING' AND given.is_kept)
      RETURNING record.record_number, record.merchant_id, record.terminal_id, record.state,
        record.kind, record.fault_code, record.revision, record.completed_at AS changed_at
    ), told AS (SELECT * FROM changed WHERE kind <> 'UNSPECIFIED'),
    ${writeEvents("told")}, ${writeNotifications("told")}
    SELECT record_number, revision, ${QUEUE_JOBS} AS jobs FROM changed
    UNION ALL
    SELECT record.record_number, record.revision, 0 FROM ${COMPLETE_BATCH.from("given")}
    JOIN record ON record.record_number = given.record_number
      AND record.revision = given.revision AND record.result = given.result`,
};
