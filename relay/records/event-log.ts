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
export const UNUSED_FROM = [
  "(pg_snapshot_xmax(pg_current_snapshot())::text::bigint",
  `<< ${POSITION_BITS})`,
].join(" ");
