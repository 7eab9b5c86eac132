import type { StateName } from "../../payment/states.ts";
import type { Statement } from "../../prisma/hot-database.ts";
import type { Database } from "../database.ts";

/** Positions of one transaction; a flush writes 256 events at most. */
const POSITION_BITS = 20;

/**
 * The part of a statement that writes an event for each row that `changed` gives, as
 * (record_number, merchant_id, state, changed_at): what changed and that it changed commit
 * together.
 *
 * A sequence starts with the transaction's id. A plain counter would not do: a transaction that
 * took its numbers early may commit late, and a watcher who has read beyond them would never see
 * its events. Transactions below the oldest running one (SETTLED_BELOW) are committed or gone.
 * The order holds within one database cluster: a dump restored elsewhere starts it anew.
 */
export function writeEvents(changed: string): string {
  return `events AS (
      INSERT INTO record_event (sequence, record_number, merchant_id, state, changed_at)
      SELECT (pg_current_xact_id()::text::bigint << ${POSITION_BITS}) + row_number() OVER (),
        record_number, merchant_id, state, changed_at
      FROM ${changed}
    )`;
}

/** Every event with a lower sequence is there to be read, and none will be added. */
export const SETTLED_BELOW = [
  "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
  `<< ${POSITION_BITS})`,
].join(" ");

/** No event has this sequence or a higher one yet: they are of transactions that have not begun. */
const UNUSED_FROM = [
  "(pg_snapshot_xmax(pg_current_snapshot())::text::bigint",
  `<< ${POSITION_BITS})`,
].join(" ");

/** Events of one page of a watch. */
export const EVENTS_MAX = 200;

/** One change of one record. */
export interface RecordEventRow {
  readonly sequence: bigint;
  readonly recordNumber: string;
  readonly state: StateName;
  readonly changedAtMs: number;
}

interface EventPage {
  readonly events: readonly RecordEventRow[];
  /** Events up to here may have been removed for their age. */
  readonly trimmedUpTo: bigint;
}

/** `settled` is behind `unused` while transactions run that may still write events. */
export interface LogEnd {
  /** Every event below is there, none will be added, and the number itself belongs to no event. */
  readonly settled: bigint;
  /** Every event that there is, or that a running transaction may add, is below. */
  readonly unused: bigint;
}

/** The log of all changes, in an order that no late commit can upset. */
export class EventStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Where the log ends for now. */
  async end(): Promise<LogEnd> {
    const [row] = await this.#database.run<LogEndRow>(LOG_END, []);
    return { settled: BigInt(row?.settled ?? 0), unused: BigInt(row?.unused ?? 0) };
  }

  /** Events up to here may have been removed for their age; all above are kept. */
  async trimmedUpTo(): Promise<bigint> {
    const [row] = await this.#database.run<{ trimmed_up_to: string }>(TRIMMED, []);
    return BigInt(row?.trimmed_up_to ?? 0);
  }

  /**
   * Up to EVENTS_MAX events between two sequences, in order, and what was removed by that moment:
   * both of one statement, so that no removal comes between them.
   *
   * @param range.below at most what `end` gave as settled.
   * @param range.merchantId undefined: of all merchants.
   */
  async between(range: {
    readonly after: bigint;
    readonly below: bigint;
    readonly merchantId: string | undefined;
  }): Promise<EventPage> {
    const values = [range.after, range.below, range.merchantId ?? null];
    const rows = await this.#database.run<EventPageRow>(EVENTS_BETWEEN, values);
    return {
      trimmedUpTo: BigInt(rows[0]?.trimmed_up_to ?? 0),
      events: rows.flatMap(eventsOf),
    };
  }

  /** Oldest first. */
  async ofRecord(recordNumber: string): Promise<readonly RecordEventRow[]> {
    const query = { where: { recordNumber }, orderBy: { sequence: "asc" } } as const;
    const rows = await this.#database.read((prisma) => prisma.recordEvent.findMany(query));
    return rows.map(({ sequence, state, changedAt }) => {
      return {
        sequence,
        recordNumber,
        state: state as StateName,
        changedAtMs: changedAt.getTime(),
      };
    });
  }
}

interface LogEndRow {
  readonly settled: string;
  readonly unused: string;
}

/** The log's own row, with one event or without any. */
interface EventPageRow {
  readonly trimmed_up_to: string;
  readonly sequence: string | null;
  readonly record_number: string | null;
  readonly state: StateName | null;
  readonly changed_at: Date | null;
}

function eventsOf(row: EventPageRow): RecordEventRow[] {
  const { sequence, record_number: recordNumber, state, changed_at: changedAt } = row;
  if (sequence === null || recordNumber === null || state === null || changedAt === null) return [];
  return [{ sequence: BigInt(sequence), recordNumber, state, changedAtMs: changedAt.getTime() }];
}

const EVENTS_BETWEEN: Statement = {
  name: "events_between",
  text: `
    SELECT trimmed_up_to, page.* FROM event_log
    LEFT JOIN LATERAL (
      SELECT sequence, record_number, state, changed_at FROM record_event
      WHERE sequence > $1::bigint AND sequence < $2::bigint
        AND ($3::text IS NULL OR merchant_id = $3::text)
      ORDER BY sequence LIMIT ${EVENTS_MAX}
    ) AS page ON true
    ORDER BY page.sequence`,
};

const LOG_END: Statement = {
  name: "log_end",
  text: `SELECT ${SETTLED_BELOW} AS settled, ${UNUSED_FROM} AS unused`,
};

const TRIMMED: Statement = {
  name: "events_trimmed",
  text: "SELECT trimmed_up_to FROM event_log",
};
