import type { StateName } from "../../payment/states.ts";
import type { Statement } from "../../prisma/hot-database.ts";
import type { Database } from "../database.ts";
import type { LogEpoch } from "./log-epoch.ts";
import { RESET_RECORD_NUMBER, SETTLED_BELOW, UNUSED_FROM } from "./log-position.ts";

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
  /** The newest event below `settled`; 0 in a log without one. */
  readonly last: bigint;
  /** Every event that there is, or that a running transaction may add, is below. */
  readonly unused: bigint;
}

/** The log of all changes, in an order that no late commit can upset. */
export class EventStore {
  readonly #database: Database;
  readonly #epoch: Pick<LogEpoch, "told"> | undefined;

  constructor(database: Database, epoch?: Pick<LogEpoch, "told">) {
    this.#database = database;
    this.#epoch = epoch;
  }

  /** Where the log ends for now. */
  async end(): Promise<LogEnd> {
    const [row] = await this.#database.run<LogEndRow>(LOG_END, []);
    const last = BigInt(row?.last ?? 0);
    this.#epoch?.told(last);
    return { settled: BigInt(row?.settled ?? 0), last, unused: BigInt(row?.unused ?? 0) };
  }

  /** The last event before an epoch that is still there: whoever heard of a later one lost it. */
  async endedBefore(epoch: number): Promise<bigint> {
    const [row] = await this.#database.run<{ ended_before: string }>(ENDED_BEFORE, [epoch]);
    return BigInt(row?.ended_before ?? 0);
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
  readonly last: string | null;
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
        AND ($3::text IS NULL OR merchant_id = $3::text
          OR record_number = '${RESET_RECORD_NUMBER}')
      ORDER BY sequence LIMIT ${EVENTS_MAX}
    ) AS page ON true
    ORDER BY page.sequence`,
};

const LOG_END: Statement = {
  name: "log_end",
  text: `
    SELECT settled, unused, (
      SELECT sequence FROM record_event WHERE sequence < settled ORDER BY sequence DESC LIMIT 1
    ) AS last
    FROM (SELECT ${SETTLED_BELOW} AS settled, ${UNUSED_FROM} AS unused) AS log_end`,
};

const ENDED_BEFORE: Statement = {
  name: "log_ended_before",
  text: "SELECT ended_before FROM log_epoch WHERE epoch = $1::int",
};

const TRIMMED: Statement = {
  name: "events_trimmed",
  text: "SELECT trimmed_up_to FROM event_log",
};
