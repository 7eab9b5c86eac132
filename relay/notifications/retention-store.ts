import type { Clock } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import type { HotDatabase, Statement } from "../../prisma/hot-database.ts";

/** Rows of each kind in one step, so that no step holds anybody up. */
const ROWS_MAX = 1_000;

const BEFORE = "now() - interval '1 day' * $1::float8";

/** How long what is kept, in days. */
export interface Kept {
  readonly keepDays: number;
  /** Undefined: for ever. */
  readonly keepRecordsDays: number | undefined;
  readonly keepTombstonesDays: number;
}

/** Takes out what nobody will ask for any more. */
export class RetentionStore {
  readonly #database: HotDatabase;

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  /** One step. @returns whether there may be more. */
  async removeOld({ keepDays, keepRecordsDays, keepTombstonesDays }: Kept): Promise<boolean> {
    let isMore = false;
    for (const statement of [NOTIFICATIONS, EVENTS, DELIVERIES, JOBS, SHARES]) {
      const [row] = await this.#database.run<{ removed: number }>(statement, [keepDays]);
      isMore ||= row?.removed === ROWS_MAX;
    }
    for (const [days, areTombstones] of [
      [keepRecordsDays, false],
      [keepTombstonesDays, true],
    ] as const) {
      if (days === undefined) continue;
      // A record is of use as long as its events are.
      const atLeast = areTombstones ? days : Math.max(days, keepDays);
      const [row] = await this.#database.run<{ removed: number }>(RECORDS, [
        atLeast,
        areTombstones,
      ]);
      isMore ||= row?.removed === ROWS_MAX;
    }
    return isMore;
  }
}

/** What is still to be sent stays, however old. */
const NOTIFICATIONS: Statement = {
  name: "remove_old_notifications",
  text: `
    WITH old AS (
      SELECT id FROM notification WHERE changed_at < ${BEFORE} AND state <> 'QUEUED'
      ORDER BY changed_at LIMIT ${ROWS_MAX}
    ), parts AS (
      DELETE FROM sms_part USING old WHERE notification_id = old.id
    ), removed AS (
      DELETE FROM notification USING old WHERE notification.id = old.id RETURNING 1
    )
    SELECT count(*)::int AS removed FROM removed`,
};

/**
 * From the beginning of the log up to the first event that stays, so that what is left has no gap;
 * the newest stays always, so that the log shows where it begins. Running webhooks take over first,
 * and no result goes that the processor may not have been told to keep.
 */
const EVENTS: Statement = {
  name: "remove_old_events",
  text: `
    WITH page AS (
      SELECT sequence, changed_at < ${BEFORE}
        AND sequence <= coalesce((
          SELECT min(after_sequence) FROM webhook WHERE ended_at IS NULL), sequence)
        AND sequence <= coalesce((SELECT min(position) FROM acknowledgement_mark), sequence)
        AND sequence < (SELECT max(sequence) FROM record_event) AS is_old
      FROM record_event ORDER BY sequence LIMIT ${ROWS_MAX}
    ), removed AS (
      DELETE FROM record_event USING page
      WHERE record_event.sequence = page.sequence AND page.sequence < coalesce(
        (SELECT min(sequence) FROM page WHERE NOT is_old), page.sequence + 1)
      RETURNING record_event.sequence
    ), trimmed AS (
      UPDATE event_log SET trimmed_up_to = greatest(
        trimmed_up_to, (SELECT max(sequence) FROM removed))
      WHERE EXISTS (SELECT FROM removed)
    )
    SELECT count(*)::int AS removed FROM removed`,
};

/** What was never taken stays, to be seen. */
const DELIVERIES: Statement = {
  name: "remove_old_deliveries",
  text: `
    WITH old AS (
      SELECT webhook_id, sequence FROM webhook CROSS JOIN LATERAL (
        SELECT webhook_id, sequence FROM webhook_delivery
        WHERE webhook_id = webhook.id AND delivered_at < ${BEFORE}
          AND sequence < coalesce((SELECT min(sequence) FROM record_event), 0)
        ORDER BY sequence LIMIT ${ROWS_MAX}
      ) AS delivered
      LIMIT ${ROWS_MAX}
    ), removed AS (
      DELETE FROM webhook_delivery USING old
      WHERE webhook_delivery.webhook_id = old.webhook_id
        AND webhook_delivery.sequence = old.sequence
      RETURNING 1
    )
    SELECT count(*)::int AS removed FROM removed`,
};

/** Of webhooks that never took an event; what waits for them stays and can be sent again. */
const JOBS: Statement = {
  name: "remove_old_jobs",
  text: `
    WITH given_up AS (
      SELECT id FROM graphile_worker.jobs
      WHERE attempts >= max_attempts AND locked_at IS NULL AND updated_at < ${BEFORE}
      LIMIT ${ROWS_MAX}
    )
    SELECT count(*)::int AS removed
    FROM graphile_worker.complete_jobs((SELECT array_agg(id) FROM given_up))`,
};

/** Yesterday's, too, whatever is kept else: nobody counts on it any more. */
const SHARES: Statement = {
  name: "remove_old_receipt_shares",
  text: `
    WITH old AS (
      SELECT day, share FROM receipt_share
      WHERE day < (now() AT TIME ZONE 'UTC')::date - 1 AND $1::float8 >= 0
      LIMIT ${ROWS_MAX}
    ), removed AS (
      DELETE FROM receipt_share USING old
      WHERE receipt_share.day = old.day AND receipt_share.share = old.share RETURNING 1
    )
    SELECT count(*)::int AS removed FROM removed`,
};

/** The relay's role may delete no record; the function has the rule. */
const RECORDS: Statement = {
  name: "remove_old_records",
  text: `SELECT remove_old_records($1::int, $2::boolean, ${ROWS_MAX}) AS removed`,
};

const LOOK_MS = 3_600_000;

/** Removes once an hour what is old, in small steps. Any number may run. */
export class Retention implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #removing: Promise<void>;

  constructor(store: RetentionStore, kept: Kept, clock: Clock, log: Log) {
    this.#removing = this.#run(store, kept, clock, log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#removing;
  }

  async #run(store: RetentionStore, kept: Kept, clock: Clock, log: Log): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        while (!signal.aborted && (await store.removeOld(kept)));
      } catch (error) {
        log.failure("what is old could not be removed", error);
      }
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }
}
