import type { MerchantId, PaymentId } from "../../payment/identifiers.ts";
import type { HotDatabase, Statement } from "../../prisma/hot-database.ts";
import { SETTLED_BELOW } from "../records/log-position.ts";

/** Events that are looked at at once. */
const EVENTS_MAX = 512;
/** An instance that has not said for so long that it lives is looked after by others. */
const SILENT_MS = 60_000;

/** A result that is committed. */
export interface CommittedResult {
  readonly merchantId: MerchantId;
  readonly paymentId: PaymentId;
  readonly revision: number;
}

export interface ResultPage {
  readonly results: readonly CommittedResult[];
  /** Every result up to here was on this page or one before. */
  readonly upTo: bigint;
  readonly isLast: boolean;
}

export interface Mark {
  readonly instance: string;
  readonly position: bigint;
}

/** Up to where in the log of changes the processor has this relay's acknowledgements. */
export class AcknowledgementStore {
  readonly #database: HotDatabase;
  readonly #instance: string;

  constructor(database: HotDatabase, instance: string) {
    this.#database = database;
    this.#instance = instance;
  }

  /** Everything below is committed, and nothing will be added there. */
  async settled(): Promise<bigint> {
    const [row] = await this.#database.run<{ settled: string }>(SETTLED, []);
    return BigInt(row?.settled ?? 0);
  }

  /** This instance's mark; where it has none, the present end of the log becomes it. */
  async open(): Promise<{ readonly position: bigint; readonly isNew: boolean }> {
    const [row] = await this.#database.run<OpenedRow>(OPEN, [this.#instance]);
    return { position: BigInt(row?.position ?? 0), isNew: row?.is_new ?? false };
  }

  /** Also a sign that the instance lives. */
  async mark(position: bigint): Promise<void> {
    await this.#database.run(MARK, [this.#instance, position]);
  }

  /** Results behind a position, of all instances, in the order of the log. */
  async page(after: bigint): Promise<ResultPage> {
    const rows = await this.#database.run<PageRow>(PAGE, [after]);
    const [first] = rows;
    return {
      results: rows.flatMap(({ merchant_id, payment_id, revision }) =>
        merchant_id === null || payment_id === null || revision === null
          ? []
          : [{ merchantId: merchant_id, paymentId: payment_id, revision }],
      ),
      upTo: BigInt(first?.up_to ?? after),
      isLast: (first?.count ?? 0) < EVENTS_MAX,
    };
  }

  /** The mark of an instance that is away for good, or has been for long. */
  async leftBehind(): Promise<Mark | undefined> {
    const values = [this.#instance, SILENT_MS];
    const [row] = await this.#database.run<{ instance: string; position: string }>(LEFT, values);
    return row && { instance: row.instance, position: BigInt(row.position) };
  }

  /** Everything behind it is acknowledged. One that has moved since is somebody's who lives. */
  async forget({ instance, position }: Mark): Promise<void> {
    await this.#database.run(FORGET, [instance, position]);
  }
}

interface OpenedRow {
  readonly position: string;
  readonly is_new: boolean;
}

interface PageRow {
  readonly merchant_id: MerchantId | null;
  readonly payment_id: PaymentId | null;
  readonly revision: number | null;
  readonly up_to: string;
  readonly count: number;
}

const SETTLED: Statement = {
  name: "acknowledgements_settled",
  text: `SELECT ${SETTLED_BELOW} AS settled`,
};

const OPEN: Statement = {
  name: "open_acknowledgement_mark",
  text: `
    WITH opened AS (
      INSERT INTO acknowledgement_mark (instance, position, at)
      VALUES ($1::text, ${SETTLED_BELOW}, now())
      ON CONFLICT (instance) DO UPDATE SET at = now()
      RETURNING position, xmax = 0 AS is_new
    )
    SELECT position, is_new FROM opened`,
};

const MARK: Statement = {
  name: "set_acknowledgement_mark",
  text: `
    INSERT INTO acknowledgement_mark (instance, position, at) VALUES ($1::text, $2::bigint, now())
    ON CONFLICT (instance) DO UPDATE SET position = excluded.position, at = now()`,
};

/** The settled end is the position of a page that has all there is. */
const PAGE: Statement = {
  name: "results_behind",
  text: `
    WITH page AS MATERIALIZED (
      SELECT sequence, record_number FROM record_event
      WHERE sequence > $1::bigint AND sequence < ${SETTLED_BELOW}
      ORDER BY sequence LIMIT ${EVENTS_MAX}
    ),
    size AS (SELECT count(*)::int AS count, max(sequence) AS last FROM page)
    SELECT merchant_id, payment_id, revision, count,
      CASE WHEN count < ${EVENTS_MAX} THEN ${SETTLED_BELOW} - 1 ELSE last END AS up_to
    FROM size LEFT JOIN LATERAL (
      SELECT merchant_id, payment_id, revision
      FROM (SELECT DISTINCT record_number FROM page) AS changed JOIN record USING (record_number)
      WHERE result IS NOT NULL
    ) AS found ON true`,
};

/** One from the future is of a time before the database's clock was put back. */
const LEFT: Statement = {
  name: "marks_left_behind",
  text: `
    SELECT instance, position FROM acknowledgement_mark
    WHERE instance <> $1::text
      AND abs(extract(epoch FROM now() - at)) * 1000 > $2::float8
    ORDER BY at LIMIT 1`,
};

const FORGET: Statement = {
  name: "forget_acknowledgement_mark",
  text: `
    DELETE FROM acknowledgement_mark WHERE instance = $1::text AND position = $2::bigint`,
};
