import type { SignedReverse } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { MerchantId, PaymentId, TerminalId } from "../../payment/identifiers.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import { HELD } from "../../payment/states.ts";
import type { HotDatabase, Statement } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";
import { writeEvents } from "../records/log-position.ts";
import {
  RECORD_COLUMNS,
  type RecordRow,
  recordOf,
  SUBMISSION_COLUMNS,
} from "../records/record-row.ts";
import type { OrderedRecord, RecordedPayment, StoredRecord } from "../records/relay-record.ts";
import type { StorageBoxes } from "../sealed/storage-boxes.ts";

/** Records claimed by one statement. */
export const CLAIMS_MAX = 256;
/** How long an instance may be late before another one takes its records over. */
const TAKEOVER_AFTER_MS = 10_000;
/** Between two repeats of a reversal; doubled with each. */
const REPEAT_MS_MIN = 1_000;
const REPEAT_MS_MAX = 60_000;
/** The same for an order that waits for an operator. */
const HELD_REPEAT_MS_MAX = 3_600_000;
/** Nothing is due later than this from now: no deadline is longer, and no pause of a reversal. */
const DUE_WITHIN_MS = 130_000;
/** The same for an order that waits for an operator. */
const HELD_DUE_WITHIN_MS = 5_500_000;

/** A payment that must not happen although nobody has seen it yet. */
interface Tombstone {
  readonly recordNumber: RecordNumber;
  readonly merchantId: MerchantId;
  readonly paymentId: PaymentId;
  readonly terminalId: TerminalId | "";
  readonly reverse: SignedReverse;
  readonly traceparent: string;
}

/** What finds records that nobody else finishes, whichever instance began them. */
export class RecoveryStore {
  readonly #database: HotDatabase;
  readonly #leaseOwner: string;
  readonly #boxes: StorageBoxes;

  /** @param leaseOwner this relay instance. */
  constructor(database: HotDatabase, leaseOwner: string, boxes: StorageBoxes) {
    this.#database = database;
    this.#leaseOwner = leaseOwner;
    this.#boxes = boxes;
  }

  /**
   * Takes up to 256 records that are due: this instance's own, and others' that are long overdue.
   * Several instances may do so at the same time: none gets what another one has.
   *
   * @param which "misdated" are those that are due later than anything can be: the database's clock
   *   was put back since. Nobody would come for them in time, so anybody may.
   * @param spread from 0.5 up to 1.5, so that repeats do not come all at once.
   */
  async claim(which: "due" | "misdated", spread: number): Promise<readonly StoredRecord[]> {
    const statement = which === "due" ? CLAIM_DUE : CLAIM_MISDATED;
    const values = [this.#leaseOwner, spread];
    const rows = await this.#database.run<RecordRow>(statement, values);
    return rows.map((row) => recordOf(row, this.#boxes));
  }

  /** Takes all open records of this instance, or all that are being reversed, page by page. */
  async *claimOwn(
    which: "open" | "reversing",
    spread: number,
  ): AsyncGenerator<readonly StoredRecord[]> {
    const statement = which === "open" ? CLAIM_OPEN : CLAIM_REVERSING;
    let lastNumber = "";
    for (;;) {
      const values = [this.#leaseOwner, spread, lastNumber];
      const rows = await this.#database.run<RecordRow>(statement, values);
      if (rows.length === 0) return;
      yield rows.map((row) => recordOf(row, this.#boxes));
      for (const row of rows) if (row.record_number > lastNumber) lastNumber = row.record_number;
    }
  }

  /**
   * RECEIVED or FORWARDED to REVERSING; the sealed data is of no use from here on.
   *
   * @param records with the claim number that the caller found: who claimed one since has another.
   */
  async beginReversals(records: readonly OrderedRecord[]): Promise<ReadonlySet<RecordNumber>> {
    const rows = await this.#database.run<{ record_number: RecordNumber }>(BEGIN_REVERSALS, [
      ...REVERSING_BATCH.values(records),
      this.#leaseOwner,
    ]);
    return new Set(rows.map(({ record_number }) => record_number));
  }

  /** @returns false when there is a record of that payment, or number, already. */
  async insertTombstone(tombstone: Tombstone): Promise<boolean> {
    const rows = await this.#database.run(INSERT_TOMBSTONE, [
      tombstone.recordNumber,
      tombstone.merchantId,
      tombstone.paymentId,
      tombstone.terminalId,
      tombstone.reverse.reverse,
      tombstone.reverse.signature,
      tombstone.traceparent,
      this.#leaseOwner,
    ]);
    return rows.length === 1;
  }

  /** REVERSING stays so, and waits for an operator. @returns false when that was known already. */
  async hold(recordNumber: RecordNumber): Promise<boolean> {
    return (await this.#database.run(HOLD, [recordNumber])).length === 1;
  }

  /**
   * A tombstone becomes the record of a payment that is being reversed.
   *
   * @param recognised with the claim number that the caller found, and the order that takes the
   *   place of the one which named the id alone.
   * @returns false when it is final, has its bytes already, or was claimed meanwhile.
   */
  async recognise(recognised: RecordedPayment<OrderedRecord>): Promise<boolean> {
    const values = [...RECOGNISED_BATCH.values([recognised]), this.#leaseOwner];
    return (await this.#database.run(RECOGNISE, values)).length === 1;
  }
}

const IS_HELD = `coalesce(fault_code = '${HELD}', false)`;

function milliseconds(count: number): string {
  return `interval '${count} milliseconds'`;
}

/** What is claimed comes back by itself: at the deadline, or when a reversal is to be repeated. */
function claimStatement(name: string, condition: string, order: string): Statement {
  return {
    name,
    text: `
    WITH wanted AS (
      SELECT record_number FROM record
      WHERE due_at IS NOT NULL AND ${condition}
      ORDER BY ${order} LIMIT ${CLAIMS_MAX} FOR UPDATE SKIP LOCKED
    )
    UPDATE record SET
      lease_owner = $1::text,
      claim_number = claim_number + 1,
      reversal_attempts = reversal_attempts + CASE WHEN state = 'REVERSING' THEN 1 ELSE 0 END,
      due_at = greatest(
        CASE WHEN state = 'REVERSING' OR recorded_at > now() THEN now() ELSE deadline_at END,
        now() + interval '1 millisecond' * $2::float8 *
          least(
            CASE WHEN ${IS_HELD} THEN ${HELD_REPEAT_MS_MAX} ELSE ${REPEAT_MS_MAX} END,
            ${REPEAT_MS_MIN} * power(2, least(claim_number, 16))
          )
      )
    FROM wanted WHERE record.record_number = wanted.record_number
    RETURNING ${RECORD_COLUMNS}`,
  };
}

const CLAIM_DUE = claimStatement(
  "claim_due_records",
  `due_at <= now()
        AND (lease_owner = $1::text OR due_at <= now() - ${milliseconds(TAKEOVER_AFTER_MS)})`,
  "due_at",
);
const CLAIM_MISDATED = claimStatement(
  "claim_misdated_records",
  `due_at > now() + ${milliseconds(DUE_WITHIN_MS)}
        AND (NOT ${IS_HELD} OR due_at > now() + ${milliseconds(HELD_DUE_WITHIN_MS)})`,
  "due_at",
);

const OWN = "lease_owner = $1::text AND record_number > $3::text";
const CLAIM_OPEN = claimStatement("claim_open_records", OWN, "record_number");
const CLAIM_REVERSING = claimStatement(
  "claim_reversing_records",
  `${OWN} AND state = 'REVERSING'`,
  "record_number",
);

const REVERSING_BATCH = new RowParameters<OrderedRecord>({
  record_number: ["text", ({ recordNumber }) => recordNumber],
  claim_number: ["int", ({ claimNumber }) => claimNumber],
  reverse: ["bytea", ({ reverse }) => reverse.reverse],
  reverse_signature: ["bytea", ({ reverse }) => reverse.signature],
  fault_code: ["text", ({ faultCode }) => faultCode],
});

const BEGIN_REVERSALS: Statement = {
  name: "begin_reversals",
  text: `
    WITH changed AS (
      UPDATE record SET state = 'REVERSING', reverse = given.reverse,
        reverse_signature = given.reverse_signature, fault_code = given.fault_code,
        reader_payment = NULL, reader_signature = NULL, reversal_attempts = 1,
        lease_owner = $${REVERSING_BATCH.next}::text,
        due_at = now() + ${milliseconds(REPEAT_MS_MIN)}
      FROM ${REVERSING_BATCH.from("given")}
      WHERE record.record_number = given.record_number
        AND record.claim_number = given.claim_number
        AND record.state IN ('RECEIVED', 'FORWARDED')
      RETURNING record.record_number, record.merchant_id, record.state,
        now() AS changed_at
    ), ${writeEvents("changed")}
    SELECT record_number FROM changed`,
};

const HOLD: Statement = {
  name: "hold_reversal",
  text: `
    UPDATE record SET fault_code = '${HELD}'
    WHERE record_number = $1::text AND state = 'REVERSING' AND NOT ${IS_HELD}
    RETURNING record_number`,
};

/** Without an event: a payment that nobody saw is of no concern to a merchant's lists. */
const INSERT_TOMBSTONE: Statement = {
  name: "insert_tombstone",
  text: `
    INSERT INTO record (record_number, merchant_id, payment_id, terminal_id, reverse,
      reverse_signature, traceparent, lease_owner, recorded_at, deadline_at, due_at,
      kind, state, total_minor, tip_minor, cashback_minor, surcharge_minor, currency,
      reader_serial, entry_mode, trace_number, reversal_attempts)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now(), now(),
      now() + ${milliseconds(REPEAT_MS_MIN)},
      'UNSPECIFIED', 'REVERSING', 0, 0, 0, 0, 0, '', 'UNSPECIFIED', 0, 1)
    ON CONFLICT DO NOTHING
    RETURNING record_number`,
};

const RECOGNISED_BATCH = new RowParameters<RecordedPayment<OrderedRecord>>({
  record_number: ["text", ({ record }) => record.recordNumber],
  claim_number: ["int", ({ record }) => record.claimNumber],
  reverse: ["bytea", ({ record }) => record.reverse.reverse],
  reverse_signature: ["bytea", ({ record }) => record.reverse.signature],
  ...SUBMISSION_COLUMNS,
});

/** With an event: it is in the merchant's lists from now on. */
const RECOGNISE: Statement = {
  name: "recognise_tombstone",
  text: `
    WITH changed AS (
      UPDATE record SET
        ${RECOGNISED_BATCH.columns
          .slice(2)
          .map((name) => `${name} = given.${name}`)
          .join(", ")},
        claim_number = record.claim_number + 1, reversal_attempts = 1,
        lease_owner = $${RECOGNISED_BATCH.next}::text,
        due_at = now() + ${milliseconds(REPEAT_MS_MIN)}
      FROM ${RECOGNISED_BATCH.from("given")}
      WHERE record.record_number = given.record_number
        AND record.claim_number = given.claim_number
        AND record.state = 'REVERSING' AND record.digest IS NULL
      RETURNING record.record_number, record.merchant_id, record.state,
        now() AS changed_at
    ), ${writeEvents("changed")}
    SELECT record_number FROM changed`,
};
