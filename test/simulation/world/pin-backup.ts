import type { SqlEngine } from "./sql-engine.ts";

/** The PIN service's tables as they were at one moment. */
export class PinBackup {
  readonly #dump: string;

  private constructor(dump: string) {
    this.#dump = dump;
  }

  static async take(engine: SqlEngine): Promise<PinBackup> {
    const { rows } = await engine.query({ text: TAKE });
    return new PinBackup(JSON.stringify(rows[0]));
  }

  /** As an operator who puts an earlier database in place. */
  async restore(engine: SqlEngine): Promise<void> {
    await engine.query({ text: RESTORE, values: [this.#dump] });
  }
}

const TAKE = `
  SELECT (SELECT json_agg(one) FROM pin.card AS one) AS cards,
    (SELECT coalesce(json_agg(one), '[]') FROM pin.verdict AS one) AS verdicts`;

const RESTORE = `
  WITH kept_card AS (SELECT * FROM json_populate_recordset(NULL::pin.card, $1::json -> 'cards')),
  kept_verdict AS (
    SELECT * FROM json_populate_recordset(NULL::pin.verdict, $1::json -> 'verdicts')
  ),
  forgotten AS (DELETE FROM pin.verdict WHERE ksn NOT IN (SELECT ksn FROM kept_verdict)),
  remembered AS (INSERT INTO pin.verdict SELECT * FROM kept_verdict ON CONFLICT DO NOTHING)
  UPDATE pin.card SET tries_left = kept_card.tries_left
  FROM kept_card WHERE kept_card.card_token = card.card_token`;
