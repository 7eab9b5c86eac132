import type { HotDatabase, Statement } from "../../prisma/hot-database.ts";
import { RESET_RECORD_NUMBER, SETTLED_BELOW } from "../records/log-position.ts";
import { DELIVER_TASK, DELIVERY_ATTEMPTS_MAX, queueDeliveries, queueOf } from "./delivery-jobs.ts";

/** Events taken over from the log by one statement. */
const EVENTS_MAX = 200;

export interface WebhookRow {
  readonly id: string;
  readonly url: string;
  readonly merchant_id: string;
  readonly after_sequence: string;
  readonly waiting: number;
  readonly reason: string | null;
  /** Null while it runs. */
  readonly ended_at: Date | null;
  readonly ended_because: string;
}

/** The oldest event that a webhook has not seen of a record. */
export interface DueDelivery {
  readonly sequence: string;
  /** How often it was tried. */
  readonly attempts: number;
  /** The receiver asked not to be sent anything yet. */
  readonly is_paused: boolean;
  readonly url: string;
  readonly secret: Buffer;
  readonly state: string;
  readonly changed_at: Date;
  /** Null of the event that says that the log was reset, with all columns that follow. */
  readonly payment_id: string | null;
  readonly kind: string;
  readonly merchant_id: string;
  readonly terminal_id: string;
  readonly total_minor: string;
  readonly tip_minor: string;
  readonly cashback_minor: string;
  readonly approved_amount_minor: string;
  readonly currency: number;
  readonly response_code: string;
  readonly fault_code: string | null;
  readonly last_four: string;
  readonly scheme: string;
}

export interface DeliveryKey {
  readonly webhookId: string;
  readonly recordNumber: string;
}

/** Webhooks, and how far each has come in the event log. */
export class WebhookStore {
  readonly #database: HotDatabase;

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  async add(
    webhook: { readonly id: string; readonly url: string; readonly merchantId: string },
    secret: Uint8Array,
    nowMs: number,
  ): Promise<void> {
    const { id, url, merchantId } = webhook;
    await this.#database.run(ADD, [id, url, merchantId, secret, new Date(nowMs)]);
  }

  list(): Promise<readonly WebhookRow[]> {
    return this.#database.run<WebhookRow>(LIST, []);
  }

  /** Those that events are taken over for; no count of what waits. */
  async running(): Promise<readonly string[]> {
    return (await this.#database.run<{ id: string }>(RUNNING, [])).map(({ id }) => id);
  }

  async remove(id: string): Promise<void> {
    await this.#database.run(REMOVE, [id]);
  }

  /** Takes new events over from the log, with jobs for them. @returns whether there may be more. */
  async takeOver(id: string): Promise<boolean> {
    const [row] = await this.#database.run<{ taken: number }>(TAKE_OVER, [id]);
    return row?.taken === EVENTS_MAX;
  }

  async nextDue({ webhookId, recordNumber }: DeliveryKey): Promise<DueDelivery | undefined> {
    const [row] = await this.#database.run<DueDelivery>(NEXT_DUE, [webhookId, recordNumber]);
    return row;
  }

  async markDelivered(webhookId: string, sequence: string): Promise<void> {
    await this.#database.run(MARK_DELIVERED, [webhookId, sequence]);
  }

  async markFailed(webhookId: string, sequence: string, reason: string): Promise<void> {
    await this.#database.run(MARK_FAILED, [webhookId, sequence, reason]);
  }

  /** Its receiver is gone: nothing is sent until an operator has events delivered again. */
  async end(webhookId: string, reason: string): Promise<void> {
    await this.#database.run(END, [webhookId, reason]);
  }

  async pause(webhookId: string, durationMs: number): Promise<void> {
    await this.#database.run(PAUSE, [webhookId, durationMs]);
  }

  /** A job of its own for when the pause is over; the one that runs may then end. */
  async deliverAfterPause({ webhookId, recordNumber }: DeliveryKey, tries: number): Promise<void> {
    const attemptsMax = Math.max(1, DELIVERY_ATTEMPTS_MAX - tries);
    await this.#database.run(AFTER_PAUSE, [webhookId, recordNumber, attemptsMax]);
  }

  /** @returns how many will be delivered again. */
  async redeliver(id: string, afterSequence: bigint): Promise<number> {
    const [row] = await this.#database.run<{ events: number }>(REDELIVER, [id, afterSequence]);
    return row?.events ?? 0;
  }
}

const ADD: Statement = {
  name: "add_webhook",
  text: `
    INSERT INTO webhook (id, url, merchant_id, secret, added_at, after_sequence)
    VALUES ($1, $2, $3, $4, $5::timestamptz, ${SETTLED_BELOW} - 1)`,
};

const LIST: Statement = {
  name: "list_webhooks",
  text: `
    SELECT id, url, merchant_id, after_sequence, late.waiting, late.reason, ended_at,
      ended_because
    FROM webhook
    CROSS JOIN LATERAL (
      SELECT count(*)::int AS waiting,
        (array_agg(reason ORDER BY sequence DESC) FILTER (WHERE reason <> ''))[1] AS reason
      FROM webhook_delivery WHERE webhook_id = webhook.id AND delivered_at IS NULL
    ) AS late
    ORDER BY added_at, id`,
};

const RUNNING: Statement = {
  name: "running_webhooks",
  text: "SELECT id FROM webhook WHERE ended_at IS NULL ORDER BY added_at, id",
};

const REMOVE: Statement = {
  name: "remove_webhook",
  text: `
    WITH deliveries AS (DELETE FROM webhook_delivery WHERE webhook_id = $1)
    DELETE FROM webhook WHERE id = $1`,
};

/** With `written` (record_number) and the webhook's id as $1. */
const QUEUE_DELIVERIES = queueDeliveries("$1::text", "SELECT DISTINCT record_number FROM written");

/**
 * Position, deliveries and jobs move on together; whoever comes second finds nothing left. The
 * position moves past events of other merchants too, so that none of them is looked at again.
 */
const TAKE_OVER: Statement = {
  name: "take_over_events",
  text: `
    WITH hook AS MATERIALIZED (
      SELECT merchant_id, after_sequence FROM webhook
      WHERE id = $1::text AND ended_at IS NULL FOR UPDATE
    ), fresh AS (
      SELECT * FROM record_event
      WHERE sequence > (SELECT after_sequence FROM hook) AND sequence < ${SETTLED_BELOW}
        AND ((SELECT merchant_id FROM hook) IN ('', record_event.merchant_id)
          OR record_number = '${RESET_RECORD_NUMBER}')
      ORDER BY sequence LIMIT ${EVENTS_MAX}
    ), written AS (
      INSERT INTO webhook_delivery (webhook_id, sequence, record_number, state, changed_at)
      SELECT $1::text, sequence, record_number, state, changed_at FROM fresh
      ON CONFLICT DO NOTHING
      RETURNING record_number
    ), moved AS (
      UPDATE webhook SET after_sequence = reached.sequence
      FROM (
        SELECT CASE WHEN count(*) = ${EVENTS_MAX} THEN max(sequence) ELSE (
          SELECT max(sequence) FROM record_event WHERE sequence < ${SETTLED_BELOW}
        ) END AS sequence FROM fresh
      ) AS reached
      WHERE id = $1::text AND ended_at IS NULL AND reached.sequence > after_sequence
    )
    SELECT (SELECT count(*)::int FROM fresh) AS taken, ${QUEUE_DELIVERIES} AS jobs`,
};

const NEXT_DUE: Statement = {
  name: "next_due_delivery",
  text: `
    SELECT webhook_delivery.sequence, webhook_delivery.attempts,
      coalesce(webhook.paused_until > now(), false) AS is_paused, url, secret, record.kind,
      webhook_delivery.state,
      webhook_delivery.changed_at, payment_id, record.merchant_id, terminal_id, total_minor,
      tip_minor, cashback_minor,
      approved_amount_minor, currency, response_code, fault_code, last_four,
      scheme
    FROM webhook_delivery JOIN webhook ON webhook.id = webhook_id
      LEFT JOIN record USING (record_number)
    WHERE webhook_id = $1 AND record_number = $2 AND delivered_at IS NULL
      AND webhook.ended_at IS NULL
    ORDER BY sequence LIMIT 1`,
};

const MARK_DELIVERED: Statement = {
  name: "mark_delivered",
  text: `
    UPDATE webhook_delivery
    SET delivered_at = now(), attempts = attempts + 1, reason = ''
    WHERE webhook_id = $1 AND sequence = $2::bigint`,
};

const MARK_FAILED: Statement = {
  name: "mark_delivery_failed",
  text: `
    UPDATE webhook_delivery SET attempts = attempts + 1, reason = $3
    WHERE webhook_id = $1 AND sequence = $2::bigint`,
};

const END: Statement = {
  name: "end_webhook",
  text: `
    UPDATE webhook SET ended_at = now(), ended_because = $2
    WHERE id = $1 AND ended_at IS NULL`,
};

/** Of two answers the later time counts. */
const PAUSE: Statement = {
  name: "pause_webhook",
  text: `
    UPDATE webhook
    SET paused_until = greatest(paused_until, now() + $2::float8 * interval '1 millisecond')
    WHERE id = $1`,
};

const AFTER_PAUSE: Statement = {
  name: "deliver_after_pause",
  text: `
    SELECT count(*)::int AS jobs FROM (
      SELECT graphile_worker.add_jobs(ARRAY[ROW(
        '${DELIVER_TASK}',
        json_build_object('webhookId', $1::text, 'recordNumber', $2::text),
        ${queueOf("$1::text", "$2::text")}, paused_until, $3::int,
        $1::text || '-' || $2::text, NULL, NULL
      )::graphile_worker.job_spec])
      FROM webhook WHERE id = $1::text
    ) AS jobs`,
};

/** Brings one that ended back, with all that waits for it. */
const REDELIVER: Statement = {
  name: "redeliver_webhook",
  text: `
    WITH running AS (
      UPDATE webhook SET ended_at = NULL, ended_because = '', paused_until = NULL
      WHERE id = $1::text
    ), written AS (
      UPDATE webhook_delivery SET delivered_at = NULL
      WHERE webhook_id = $1::text AND (sequence > $2::bigint OR delivered_at IS NULL)
      RETURNING record_number
    )
    SELECT (SELECT count(*)::int FROM written) AS events, ${QUEUE_DELIVERIES} AS jobs`,
};
