/** Of one transaction; a flush writes 256 events at most. */
const POSITION_BITS = 16;
/** Transaction id and position; the epoch stands before them. */
const EPOCH_SHIFT = 53;

/** Of the log: which history of the server it is that counts transactions. */
const EPOCH = "(SELECT max(epoch) FROM log_epoch)::bigint";

/** SQL for where the events of a transaction begin, in the present epoch. */
function startOf(transaction: string): string {
  return `((${EPOCH} << ${EPOCH_SHIFT}) + (${transaction}::text::bigint << ${POSITION_BITS}))`;
}

/**
 * The part of a statement that writes an event for each row that `changed` gives, as
 * (record_number, merchant_id, state, changed_at): what changed and that it changed commit
 * together.
 *
 * A sequence is an epoch, the transaction's id, and a number. A plain counter would not do: a
 * transaction that took its numbers early may commit late, and a watcher who has read beyond them
 * would never see its events. Transactions below the oldest running one (SETTLED_BELOW) are
 * committed or gone. Their ids grow within one history of one server. Where another one is found
 * behind the database, log-epoch.ts begins an epoch.
 */
export function writeEvents(changed: string): string {
  return `events AS (
      INSERT INTO record_event (sequence, record_number, merchant_id, state, changed_at)
      SELECT ${startOf("pg_current_xact_id()")} + row_number() OVER (),
        record_number, merchant_id, state, changed_at
      FROM ${changed}
    )`;
}

/** Every event with a lower sequence is there to be read, and none will be added. */
export const SETTLED_BELOW = startOf("pg_snapshot_xmin(pg_current_snapshot())");

/** No event has this sequence or a higher one yet: they are of transactions that have not begun. */
export const UNUSED_FROM = startOf("pg_snapshot_xmax(pg_current_snapshot())");

/** Record number of the event that begins an epoch: of no record, and before all others of it. */
export const RESET_RECORD_NUMBER = "";
/** Its state. */
export const RESET_STATE = "LOG_RESET";

/** The sequence of the event that begins an epoch, in SQL. */
export function beginningOf(epoch: string): string {
  return `(${epoch}::bigint << ${EPOCH_SHIFT})`;
}

/** The id of the transaction that wrote an event, in SQL. */
export function transactionOf(sequence: string): string {
  return `((${sequence} & ((1::bigint << ${EPOCH_SHIFT}) - 1)) >> ${POSITION_BITS})`;
}

export function epochOf(sequence: bigint): number {
  return Number(sequence >> BigInt(EPOCH_SHIFT));
}
