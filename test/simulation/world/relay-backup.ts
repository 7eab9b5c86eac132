import { RESET_STATE } from "../../../relay/records/log-position.ts";
import type { SqlEngine } from "./sql-engine.ts";

/** What a relay writes; who is registered is not of these. */
const TABLES = [
  "public.record",
  "public.sealed_payment",
  "public.record_event",
  "public.acknowledgement_mark",
  "public.notification",
  "public.log_epoch",
  "graphile_worker.job",
];

/** The relay's tables as they were at one moment. */
export class RelayBackup {
  readonly #dumps: ReadonlyMap<string, string>;

  private constructor(dumps: ReadonlyMap<string, string>) {
    this.#dumps = dumps;
  }

  static async take(engine: SqlEngine): Promise<RelayBackup> {
    const dumps = new Map<string, string>();
    for (const table of TABLES) {
      // As text: a sequence is too long for a number of JavaScript.
      const text = `SELECT coalesce(json_agg(one), '[]')::text AS dump FROM ${table} AS one`;
      const { rows } = await engine.query({ text });
      dumps.set(table, rows[0].dump);
    }
    return new RelayBackup(dumps);
  }

  /**
   * As an operator who puts an earlier database in place, and as the relay that then finds another
   * history behind it.
   */
  async restore(engine: SqlEngine, nowMs: number): Promise<void> {
    for (const [table, dump] of this.#dumps) {
      await engine.query({ text: `DELETE FROM ${table}` });
      const rows = `json_populate_recordset(NULL::${table}, $1)`;
      await engine.query({ text: `INSERT INTO ${table} SELECT * FROM ${rows}`, values: [dump] });
    }
    await engine.query({ text: RAISE }, nowMs);
    await engine.query({ text: TELL }, nowMs);
  }
}

const RAISE = `
  INSERT INTO log_epoch (epoch, system_identifier, timeline, ended_before, raised_at)
  SELECT (SELECT max(epoch) FROM log_epoch) + 1, 'restored', 1,
    coalesce((SELECT max(sequence) FROM record_event), 0), now()`;

const TELL = `
  INSERT INTO record_event (sequence, record_number, merchant_id, state, changed_at)
  SELECT max(epoch)::bigint << 53, '', '', '${RESET_STATE}', now() FROM log_epoch`;
