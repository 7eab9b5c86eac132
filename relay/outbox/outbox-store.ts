import type { HotDatabase, Statement } from "../../prisma/hot-database.ts";
import { QUEUE_JOBS } from "../records/queue-statement.ts";
import { queueDeliveries } from "../webhooks/delivery-jobs.ts";

/** What is looked at in one step for whether it has a job. */
const PAGE_MAX = 1_000;

/** Where a walk through what waits has come to. */
interface Place {
  readonly after: string;
  readonly id: string;
}

interface PlaceRow {
  readonly after: string | null;
  readonly id: string | null;
}

const BEGINNING: Readonly<Record<"deliveries" | "notifications", Place>> = {
  deliveries: { after: "0", id: "" },
  notifications: { after: "-infinity", id: "" },
};

/**
 * What waits to be sent. Its rows are the truth, and the jobs of the queue hints: one may be lost
 * to a worker that looked for the last time just before it was added again.
 */
export class OutboxStore {
  readonly #database: HotDatabase;
  readonly #places = { ...BEGINNING };

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  /**
   * Gives a job to what has waited without one for a minute. It walks through all that waits, a
   * page in each step, so that a step costs the same however much that is.
   */
  async requeueForgotten(): Promise<void> {
    const { deliveries, notifications } = this.#places;
    const nextDeliveries = await this.#database.run<PlaceRow>(DELIVERIES, valuesOf(deliveries));
    this.#places.deliveries = placeOf(nextDeliveries) ?? BEGINNING.deliveries;
    const nextOnes = await this.#database.run<PlaceRow>(NOTIFICATIONS, valuesOf(notifications));
    this.#places.notifications = placeOf(nextOnes) ?? BEGINNING.notifications;
  }
}

function valuesOf({ after, id }: Place): readonly string[] {
  return [after, id];
}

/** @returns undefined at the end. */
function placeOf([row]: readonly PlaceRow[]): Place | undefined {
  if (row === undefined || row.after === null || row.id === null) return undefined;
  return { after: row.after, id: row.id };
}

const DELIVERIES: Statement = {
  name: "requeue_forgotten_deliveries",
  text: `
    WITH page AS MATERIALIZED (
      SELECT webhook_id, sequence, record_number, changed_at FROM webhook_delivery
      WHERE delivered_at IS NULL AND (webhook_id, sequence) > ($2::text, $1::bigint)
      ORDER BY webhook_id, sequence LIMIT ${PAGE_MAX}
    ), forgotten AS MATERIALIZED (
      SELECT DISTINCT page.webhook_id, page.record_number FROM page
      JOIN webhook ON webhook.id = page.webhook_id AND webhook.ended_at IS NULL
      WHERE page.changed_at < now() - interval '1 minute' AND NOT EXISTS (
        SELECT FROM graphile_worker._private_jobs
        WHERE key = page.webhook_id || '-' || page.record_number)
    ), last AS (
      SELECT webhook_id, sequence FROM page ORDER BY webhook_id DESC, sequence DESC LIMIT 1
    )
    SELECT last.sequence::text AS after, last.webhook_id AS id,
      ${queueDeliveries("webhook_id", "SELECT * FROM forgotten")} AS jobs
    FROM (SELECT count(*) AS count FROM page) AS size
    LEFT JOIN last ON size.count = ${PAGE_MAX}`,
};

/** One that is sent later has its job until then. */
const NOTIFICATIONS: Statement = {
  name: "requeue_forgotten_notifications",
  text: `
    WITH page AS MATERIALIZED (
      SELECT id, channel, changed_at FROM notification
      WHERE state = 'QUEUED' AND (changed_at, id) > ($1::timestamptz, $2::text)
        AND changed_at < now() - interval '1 minute'
      ORDER BY changed_at, id LIMIT ${PAGE_MAX}
    ), addressed AS MATERIALIZED (
      SELECT id, channel FROM page WHERE NOT EXISTS (
        SELECT FROM graphile_worker._private_jobs WHERE key = page.id)
    ), last AS (
      SELECT id, changed_at FROM page ORDER BY changed_at DESC, id DESC LIMIT 1
    )
    SELECT last.changed_at::text AS after, last.id, ${QUEUE_JOBS} AS jobs
    FROM (SELECT count(*) AS count FROM page) AS size
    LEFT JOIN last ON size.count = ${PAGE_MAX}`,
};
