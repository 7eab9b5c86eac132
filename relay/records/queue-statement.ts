import { TAKEN_BEFORE } from "../../payment/states.ts";

/** Tasks of the job queue that send one notification each: no channel waits behind another. */
export const SEND_TASKS = { EMAIL: "send_email", SMS: "send_sms" } as const;

/** @param channel gives a channel's name. */
export const sendTaskOf = (channel: string) => `'send_' || lower(${channel})`;

/** With graphile-worker's back-off of e^n seconds, at most six hours: two thirds of a day. */
export const ATTEMPTS_MAX = 12;

/** Outcomes that people are told. What is open tells nobody anything yet. */
const TOLD_STATES = "'{APPROVED,AUTHORIZED,DECLINED,REVERSED,VOIDED}'";

/** As endOf says: such a record may be approved elsewhere, so nobody hears that it was declined. */
const isNoEnd = (row: string) =>
  `${row}.state = 'DECLINED' AND ${row}.fault_code = ANY ('{${TAKEN_BEFORE.join(",")}}')`;

/**
 * The part of a statement that writes a notification for each address that the terminal of a
 * changed record has, and QUEUE_JOBS their jobs: outcome, notification and job commit together or
 * not at all. Without an address there is a look into one small index, and nothing else.
 *
 * @param changed gives (record_number, merchant_id, terminal_id, state, fault_code, changed_at).
 */
export function writeNotifications(changed: string): string {
  return `addressed AS (
      INSERT INTO notification (id, record_number, merchant_id, payment_state, changed_at,
        purpose, channel, address, language, time_zone)
      SELECT record_number || '-' || ${changed}.state || '-' || way.channel, record_number,
        merchant_id, ${changed}.state, changed_at, 'RESULT', way.channel, way.address,
        contact.language, contact.time_zone
      FROM ${changed} JOIN contact USING (merchant_id, terminal_id)
      CROSS JOIN LATERAL (
        VALUES ('SMS', contact.phone), ('EMAIL', contact.email)
      ) AS way (channel, address)
      WHERE way.address <> '' AND ${changed}.state = ANY (${TOLD_STATES})
        AND (${isNoEnd(changed)}) IS NOT TRUE
      ON CONFLICT DO NOTHING
      RETURNING id, channel
    )`;
}

/**
 * A scalar for the SELECT list of a statement with `addressed` (id, channel): PostgreSQL runs what
 * is not asked for only where it writes, so the jobs must be asked for. Without rows no function
 * is called.
 */
export const QUEUE_JOBS = `(
      SELECT count(*) FROM (
        SELECT graphile_worker.add_jobs(array_agg(ROW(
          ${sendTaskOf("channel")}, json_build_object('id', id), NULL, NULL, ${ATTEMPTS_MAX}, id,
          NULL, NULL
        )::graphile_worker.job_spec))
        FROM addressed HAVING count(*) > 0
      ) AS jobs
    )`;
