import { create } from "@bufbuild/protobuf";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Notification,
  NotificationChannel,
  NotificationPurpose,
  NotificationSchema,
  NotificationState,
} from "../../gen/cardlane/relay/v1/notification_pb.ts";
import type { Statement } from "../../prisma/hot-database.ts";
import type {
  Notification as NotificationModel,
  Prisma,
} from "../../prisma/relay/client/client.ts";
import type { Database } from "../database.ts";
import { ATTEMPTS_MAX, QUEUE_JOBS, sendTaskOf } from "../records/queue-statement.ts";
import type { Contact } from "../registry/contact.ts";
import { type NotificationToSend, notificationOf, type PendingRow } from "./notification.ts";
import { messageIdForms } from "./smpp/message-id-forms.ts";

interface NotificationFilter {
  /** Undefined: in any state. */
  readonly state: string | undefined;
  /** Undefined: of all records. */
  readonly recordNumber: string | undefined;
}

/** A receipt that somebody asked for. */
interface ReceiptOrder {
  readonly id: string;
  readonly recordNumber: string;
  readonly contact: Contact;
}

/** Why it is not, or not yet, with its recipient. */
interface Setback {
  readonly id: string;
  readonly state: "QUEUED" | "FAILED" | "SUPPRESSED";
  readonly reason: string;
}

/** What is to be sent, and what became of it. */
export class NotificationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Undefined when it is not there, or not queued any more. */
  async findQueued(id: string): Promise<NotificationToSend | undefined> {
    const [row] = await this.#database.run<PendingRow>(FIND_QUEUED, [id]);
    return row === undefined ? undefined : notificationOf(row);
  }

  async isOptedOut(addressKey: string): Promise<boolean> {
    return (await this.#database.run(FIND_OPT_OUT, [addressKey])).length > 0;
  }

  /**
   * Postpones it, with its job, when its address has got enough: at most `max` within `windowMs`.
   *
   * @returns whether it is postponed.
   */
  async postponeWhereTooMany(
    { id, address }: { readonly id: string; readonly address: string },
    limit: { readonly max: number; readonly windowMs: number },
  ): Promise<boolean> {
    const values = [id, address, limit.windowMs, limit.max - 1];
    return (await this.#database.run(POSTPONE, values)).length > 0;
  }

  async markSent(id: string): Promise<void> {
    await this.#database.run(MARK_SENT, [id]);
  }

  async setBack({ id, state, reason }: Setback): Promise<void> {
    await this.#database.run(SET_BACK, [id, state, reason]);
  }

  /** The centre has taken one more part of an SMS, and calls it `messageId`. */
  async partSent(id: string, route: string, messageId: string): Promise<void> {
    await this.#database.run(PART_SENT, [id, route, messageId, messageIdForms(messageId)]);
  }

  /** What the centre reports of a part. Again, or before the part itself was written: no matter. */
  async partReceipt(route: string, messageId: string, receipt: string): Promise<void> {
    const forms = messageIdForms(messageId);
    await this.#database.run(PART_RECEIPT, [route, messageId, receipt, forms]);
    await this.#database.run(SETTLE_PART, [route, forms]);
  }

  /** A receipt may have been there before the last part was written. */
  async settle(id: string): Promise<void> {
    await this.#database.run(SETTLE, [id]);
  }

  /** Newest first. */
  async list(filter: NotificationFilter, size: number): Promise<readonly Notification[]> {
    const where: Prisma.NotificationWhereInput = {
      ...(filter.state === undefined ? {} : { state: filter.state }),
      ...(filter.recordNumber === undefined ? {} : { recordNumber: filter.recordNumber }),
    };
    const orderBy = [{ changedAt: "desc" as const }, { id: "asc" as const }];
    const query = { where, orderBy, take: size };
    const rows = await this.#database.read((prisma) => prisma.notification.findMany(query));
    return rows.map(wireOf);
  }

  async find(id: string): Promise<Notification | undefined> {
    const where = { id };
    const row = await this.#database.read((prisma) => prisma.notification.findUnique({ where }));
    return row === null ? undefined : wireOf(row);
  }

  /** From the beginning, whatever became of it. @returns whether it is there. */
  async requeue(id: string): Promise<boolean> {
    return (await this.#database.run(REQUEUE, [id])).length > 0;
  }

  /** Nothing when it was ordered before. */
  async orderReceipt({ id, recordNumber, contact }: ReceiptOrder): Promise<void> {
    const channel = contact.phone === "" ? "EMAIL" : "SMS";
    const address = channel === "SMS" ? contact.phone : contact.email;
    const { language, timeZone } = contact;
    const values = [id, recordNumber, channel, address, language, timeZone];
    await this.#database.run(ORDER_RECEIPT, values);
  }

  async setOptOut(addressKey: string, isOptedOut: boolean, nowMs: number): Promise<void> {
    if (isOptedOut) await this.#database.run(OPT_OUT, [addressKey, new Date(nowMs)]);
    else await this.#database.run(OPT_IN, [addressKey]);
  }
}

function wireOf(row: NotificationModel): Notification {
  return create(NotificationSchema, {
    id: row.id,
    recordNumber: row.recordNumber,
    paymentState: PaymentState[row.paymentState as keyof typeof PaymentState],
    purpose: NotificationPurpose[row.purpose as keyof typeof NotificationPurpose],
    channel: NotificationChannel[row.channel as keyof typeof NotificationChannel],
    address: row.address,
    state: NotificationState[row.state as keyof typeof NotificationState],
    reason: row.reason,
    attempts: row.attempts,
    createdAtMs: BigInt(row.changedAt.getTime()),
    sentAtMs: BigInt(row.sentAt?.getTime() ?? 0),
  });
}

const FIND_QUEUED: Statement = {
  name: "find_queued_notification",
  text: `
    SELECT notification.id, channel, purpose, address, language, time_zone, payment_state,
      changed_at, parts_sent, record_number, record.kind, record.terminal_id, total_minor,
      tip_minor, cashback_minor,
      approved_amount_minor, currency, response_code, approval_code, scheme, last_four, traceparent,
      coalesce(terminal.merchant_name, record.merchant_id) AS merchant_name
    FROM notification JOIN record USING (record_number)
    LEFT JOIN terminal ON terminal.merchant_id = record.merchant_id
      AND terminal.terminal_id = record.terminal_id
    WHERE notification.id = $1 AND notification.state = 'QUEUED'`,
};

const FIND_OPT_OUT: Statement = {
  name: "find_opt_out",
  text: "SELECT 1 FROM opt_out WHERE address = $1",
};

/** What was sent in the future was sent before the database's clock was put back. */
const POSTPONE: Statement = {
  name: "postpone_notification",
  text: `
    WITH allowed AS (SELECT interval '1 millisecond' * $3::float8 AS period), limiting AS (
      SELECT sent_at FROM notification, allowed
      WHERE address = $2 AND sent_at > now() - period AND sent_at <= now()
      ORDER BY sent_at DESC OFFSET $4::int LIMIT 1
    )
    SELECT graphile_worker.add_job(
      ${sendTaskOf("notification.channel")}, json_build_object('id', $1::text),
      run_at := limiting.sent_at + period, max_attempts := ${ATTEMPTS_MAX}, job_key := $1::text)
    FROM limiting, allowed, notification WHERE notification.id = $1`,
};

const MARK_SENT: Statement = {
  name: "mark_notification_sent",
  text: `
    UPDATE notification
    SET state = 'SENT', sent_at = now(), reason = '', attempts = attempts + 1
    WHERE id = $1 AND state = 'QUEUED'`,
};

const SET_BACK: Statement = {
  name: "set_back_notification",
  text: `
    UPDATE notification SET state = $2::text, reason = $3::text, attempts = attempts + 1
    WHERE id = $1 AND state = 'QUEUED'`,
};

/** A receipt may overtake the row of its part by this; an older one is of an id used again. */
const EARLY_RECEIPT = "interval '10 minutes'";

const PART_SENT: Statement = {
  name: "sms_part_sent",
  text: `
    WITH part AS (
      INSERT INTO sms_part (notification_id, route, message_id, receipt)
      SELECT $1::text, $2, $3, coalesce((
        SELECT receipt FROM sms_part
        WHERE route = $2 AND message_id = ANY ($4::text[]) AND notification_id = ''
          AND at > now() - ${EARLY_RECEIPT}
        ORDER BY message_id = $3 DESC, at DESC LIMIT 1
      ), '')
      ON CONFLICT (route, message_id) DO UPDATE
      SET notification_id = excluded.notification_id, at = now(), receipt = CASE
        WHEN sms_part.notification_id = '' AND sms_part.at > now() - ${EARLY_RECEIPT}
        THEN sms_part.receipt ELSE excluded.receipt END
    )
    UPDATE notification SET parts_sent = parts_sent + 1 WHERE id = $1::text`,
};

const PART_RECEIPT: Statement = {
  name: "sms_part_receipt",
  text: `
    WITH known AS (
      SELECT message_id FROM sms_part
      WHERE route = $1 AND message_id = ANY ($4::text[]) AND notification_id <> ''
      ORDER BY message_id = $2 DESC, at DESC LIMIT 1
    ), told AS (
      UPDATE sms_part SET receipt = $3 FROM known
      WHERE route = $1 AND sms_part.message_id = known.message_id AND receipt = ''
    )
    INSERT INTO sms_part (notification_id, route, message_id, receipt)
    SELECT '', $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM known)
    ON CONFLICT (route, message_id) DO UPDATE SET receipt = excluded.receipt, at = now()
    WHERE sms_part.notification_id = '' OR sms_part.receipt = ''`,
};

/** DELIVERED when every part is; FAILED as soon as one never will be. */
const settleStatement = (name: string, ids: string): Statement => ({
  name,
  text: `
    UPDATE notification
    SET state = CASE WHEN outcome.is_delivered THEN 'DELIVERED' ELSE 'FAILED' END,
      reason = CASE WHEN outcome.is_delivered THEN '' ELSE 'not delivered: ' || outcome.worst END
    FROM (
      SELECT notification_id, bool_and(receipt = 'DELIVRD') AS is_delivered,
        max(receipt) FILTER (WHERE receipt NOT IN ('', 'DELIVRD')) AS worst
      FROM sms_part WHERE notification_id <> '' AND notification_id IN (${ids})
      GROUP BY notification_id
    ) AS outcome
    WHERE notification.id = outcome.notification_id AND notification.state = 'SENT'
      AND (outcome.is_delivered OR outcome.worst IS NOT NULL)`,
});

const SETTLE = settleStatement("settle_notification", "$1");

const SETTLE_PART = settleStatement(
  "settle_notification_of_part",
  "SELECT notification_id FROM sms_part WHERE route = $1 AND message_id = ANY ($2::text[])",
);

const REQUEUE: Statement = {
  name: "requeue_notification",
  text: `
    WITH forgotten AS (DELETE FROM sms_part WHERE notification_id = $1::text), addressed AS (
      UPDATE notification SET state = 'QUEUED', reason = '', parts_sent = 0, sent_at = NULL
      WHERE id = $1::text RETURNING id, channel
    )
    SELECT id, ${QUEUE_JOBS} AS jobs FROM addressed`,
};

const ORDER_RECEIPT: Statement = {
  name: "order_receipt",
  text: `
    WITH addressed AS (
      INSERT INTO notification (id, record_number, merchant_id, payment_state, changed_at, purpose,
        channel, address, language, time_zone)
      SELECT $1::text, record_number, merchant_id, state, completed_at, 'RECEIPT', $3::text,
        $4::text, $5::text, $6::text
      FROM record WHERE record_number = $2::text AND completed_at IS NOT NULL
      ON CONFLICT DO NOTHING
      RETURNING id, channel
    )
    SELECT ${QUEUE_JOBS} AS jobs`,
};

const OPT_OUT: Statement = {
  name: "opt_out",
  text: `
    INSERT INTO opt_out (address, since) VALUES ($1, $2::timestamptz) ON CONFLICT DO NOTHING`,
};

const OPT_IN: Statement = { name: "opt_in", text: "DELETE FROM opt_out WHERE address = $1" };
