import type { PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { CurrencyCode } from "../../payment/money.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import { isApproved } from "../../payment/states.ts";
import type { ToldEvent } from "./language.ts";
import type { PaymentFacts } from "./payment-message.ts";

/** By which way something is sent. */
export type Channel = "SMS" | "EMAIL";

/** A notification with everything that is needed to send it. */
export interface NotificationToSend {
  readonly id: string;
  readonly channel: Channel;
  readonly address: string;
  readonly facts: PaymentFacts;
  /** Parts of the SMS that the centre has already taken. */
  readonly partsSent: number;
  /** Of the payment, to link the sending to. */
  readonly traceparent: string;
}

/** One row as PENDING of notification-store.ts gives it. */
export interface PendingRow {
  readonly id: string;
  readonly channel: string;
  readonly purpose: string;
  readonly address: string;
  readonly language: string;
  readonly time_zone: string;
  readonly payment_state: string;
  readonly kind: string;
  readonly changed_at: Date;
  readonly parts_sent: number;
  readonly record_number: string;
  readonly terminal_id: string;
  readonly merchant_name: string;
  readonly total_minor: string;
  readonly tip_minor: string;
  readonly cashback_minor: string;
  readonly approved_amount_minor: string;
  readonly currency: number;
  readonly response_code: string;
  readonly approval_code: string;
  readonly scheme: string;
  readonly last_four: string;
  readonly traceparent: string;
}

/** By kind; the others are payments. */
const TELLINGS: Readonly<Record<string, PaymentFacts["telling"]>> = {
  REFUND: "refund",
  BALANCE_ENQUIRY: "enquiry",
} satisfies Partial<Record<keyof typeof PaymentKind, PaymentFacts["telling"]>>;

export function notificationOf(row: PendingRow): NotificationToSend {
  const event = row.payment_state as ToldEvent;
  const approvedMinor = BigInt(row.approved_amount_minor);
  const isApproval = isApproved(event);
  const totalMinor = BigInt(row.total_minor);
  const isPart = isApproval && approvedMinor > 0n && approvedMinor < totalMinor;
  return {
    id: row.id,
    channel: row.channel as Channel,
    address: row.address,
    partsSent: row.parts_sent,
    traceparent: row.traceparent,
    facts: {
      event,
      purpose: row.purpose as PaymentFacts["purpose"],
      telling: TELLINGS[row.kind] ?? "payment",
      merchantName: row.merchant_name,
      terminalId: row.terminal_id,
      amountMinor: isApproval && approvedMinor > 0n ? approvedMinor : totalMinor,
      // Of a part nobody can say what it was for.
      tipMinor: isPart ? 0n : BigInt(row.tip_minor),
      cashbackMinor: isPart ? 0n : BigInt(row.cashback_minor),
      dueMinor: isPart ? totalMinor - approvedMinor : 0n,
      currency: row.currency as CurrencyCode,
      responseCode: row.response_code,
      approvalCode: row.approval_code,
      scheme: row.scheme,
      lastFour: row.last_four,
      recordNumber: row.record_number as RecordNumber,
      atMs: row.changed_at.getTime(),
      locale: row.language,
      timeZone: row.time_zone,
    },
  };
}
