import type pg from "pg";
import {
  beginningOf,
  epochOf,
  RESET_RECORD_NUMBER,
  RESET_STATE,
  transactionOf,
} from "./log-position.ts";

/** Any number, as long as all relays take the same. */
const EPOCH_LOCK = 72_707_371;

/** The server behind a connection, and what the log knows of servers. */
interface LookRow {
  readonly is_standby: boolean;
  readonly system_identifier: string;
  /** Null on a standby. */
  readonly timeline: number | null;
  /** The id of the next transaction. */
  readonly next_transaction: string;
  readonly epoch: number;
  /** Empty until the first relay has looked. */
  readonly known_identifier: string;
  readonly known_timeline: number;
  readonly last: string | null;
  readonly last_transaction: string | null;
}

/** A database that cannot be written to: its server is a standby. */
class StandbyServer extends Error {
  override readonly name = "StandbyServer";
}

/** @param endedBefore the last event of the history before that is still there. */
type OnReset = (reset: { readonly epoch: number; readonly endedBefore: bigint }) => void;

/**
 * Sees whether the history of the server is still the one by whose transactions the log counts. It
 * is another one after a restore, a dump into another cluster, or the promotion of a standby, which
 * may all have lost events that were told. Then an epoch begins, and so does the log with an event
 * that says so. Looked at on each new connection, before anything is written on it.
 */
export class LogEpoch {
  readonly #onReset: OnReset;
  /** The last event that was told: nothing else knows that a server was put back as a whole. */
  #told = 0n;

  constructor(onReset: OnReset) {
    this.#onReset = onReset;
  }

  /** The event is there to be read, and may be told. */
  told(sequence: bigint): void {
    if (sequence > this.#told) this.#told = sequence;
  }

  /** @throws StandbyServer, pg.DatabaseError; the connection is of no use then. */
  async verify(client: pg.ClientBase): Promise<void> {
    const told = this.#told;
    const found = await look(client);
    if (isOther(found, told)) await this.#raise(client, told);
    else if (found.known_identifier === "") await client.query(CLAIM, identityOf(found));
  }

  /** Of several relays that see it the first one does; the others then find nothing to do. */
  async #raise(client: pg.ClientBase, told: bigint): Promise<void> {
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock($1)", [EPOCH_LOCK]);
    const found = await look(client);
    if (!isOther(found, told)) {
      await client.query("COMMIT");
      return;
    }
    const { rows } = await client.query<{ ended_before: string }>(RAISE, identityOf(found));
    const epoch = found.epoch + 1;
    await client.query(TELL, [epoch]);
    await client.query("COMMIT");
    this.#told = 0n;
    this.#onReset({ epoch, endedBefore: BigInt(rows[0]?.ended_before ?? 0) });
  }
}

async function look(client: pg.ClientBase): Promise<LookRow & { readonly timeline: number }> {
  const { rows } = await client.query<LookRow>(LOOK);
  const [found] = rows;
  if (found === undefined) throw new Error("bug: the log has no epoch");
  const { timeline } = found;
  if (timeline === null) throw new StandbyServer("the database is that of a standby");
  return { ...found, timeline };
}

function identityOf({ system_identifier, timeline }: LookRow) {
  return [system_identifier, timeline];
}

function isOther(found: LookRow, told: bigint): boolean {
  const { last_transaction: lastTransaction, known_identifier: known } = found;
  const last = BigInt(found.last ?? 0);
  if (last < told) return true;
  const isOfThisEpoch = epochOf(last) === found.epoch && lastTransaction !== null;
  if (isOfThisEpoch && BigInt(found.next_transaction) <= BigInt(lastTransaction)) return true;
  if (known === "") return false;
  return known !== found.system_identifier || found.known_timeline !== found.timeline;
}

/**
 * The name of a WAL file begins with the timeline; the control file has it only later. The table's
 * own number is another one after a restore into the same cluster.
 */
const LOOK = `
  SELECT pg_is_in_recovery() AS is_standby,
    (SELECT system_identifier || '/' || 'log_epoch'::regclass::oid FROM pg_control_system())
      AS system_identifier,
    CASE WHEN pg_is_in_recovery() THEN NULL
      ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int
    END AS timeline,
    pg_snapshot_xmax(pg_current_snapshot())::text AS next_transaction,
    newest.epoch, newest.system_identifier AS known_identifier,
    newest.timeline AS known_timeline, event.sequence::text AS last,
    ${transactionOf("event.sequence")}::text AS last_transaction
  FROM (SELECT * FROM log_epoch ORDER BY epoch DESC LIMIT 1) AS newest
    LEFT JOIN LATERAL (
      SELECT sequence FROM record_event ORDER BY sequence DESC LIMIT 1
    ) AS event ON true`;

const CLAIM = `
  UPDATE log_epoch SET system_identifier = $1::text, timeline = $2::int
  WHERE system_identifier = '' AND epoch = (SELECT max(epoch) FROM log_epoch)`;

const RAISE = `
  INSERT INTO log_epoch (epoch, system_identifier, timeline, ended_before, raised_at)
  SELECT (SELECT max(epoch) FROM log_epoch) + 1, $1::text, $2::int,
    coalesce((SELECT max(sequence) FROM record_event), 0), now()
  RETURNING ended_before`;

const TELL = `
  INSERT INTO record_event (sequence, record_number, merchant_id, state, changed_at)
  VALUES (${beginningOf("$1")}, '${RESET_RECORD_NUMBER}', '', '${RESET_STATE}', now())`;
