/** Task of the job queue that delivers what one webhook has not seen yet of one record. */
export const DELIVER_TASK = "deliver_webhook";

export const DELIVERY_ATTEMPTS_MAX = 12;
/**
 * Queues of one webhook. Jobs of a queue follow one another, so that two never deliver the same
 * record at once; a receiver that hangs holds no more than these.
 */
const QUEUES = 4;

/** The queue of a delivery, in SQL. */
export function queueOf(webhookId: string, recordNumber: string): string {
  return `${webhookId} || '-' || (hashtext(${recordNumber}) & ${QUEUES - 1})`;
}

/**
 * A scalar for a SELECT list: jobs for what a query gives as (record_number), or with the webhook's
 * id as (webhook_id, record_number). A job that is there, and does not run, is the one.
 */
export function queueDeliveries(webhookId: string, from: string): string {
  return `(
      SELECT count(*) FROM (
        SELECT graphile_worker.add_jobs(array_agg(ROW(
          '${DELIVER_TASK}',
          json_build_object('webhookId', ${webhookId}, 'recordNumber', record_number),
          ${queueOf(webhookId, "record_number")}, NULL, ${DELIVERY_ATTEMPTS_MAX},
          ${webhookId} || '-' || record_number, NULL, NULL
        )::graphile_worker.job_spec))
        FROM (${from}) AS records HAVING count(*) > 0
      ) AS jobs
    )`;
}
