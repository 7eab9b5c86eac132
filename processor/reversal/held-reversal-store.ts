import type { PaymentKey } from "../../payment/identifiers.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import type { HotDatabase } from "../../prisma/hot-database.ts";
import type { WaitingOrders } from "../oversight/waiting-order.ts";
import type { ProcessorState } from "../payments/payment-row.ts";
import type { HoldReason } from "./reversal-store.ts";
import type { ReverseOrder } from "./reverse-order.ts";

/** An order that was held, and what an operator decided about it. */
interface DecidedOrder {
  readonly order: ReverseOrder;
  readonly state: "RELEASED" | "REFUSED";
}

/** Orders that wait for an operator. */
export class HeldReversalStore {
  readonly #database: HotDatabase;

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  /** The oldest first. One whose payment was acknowledged or undone since waits for nobody. */
  async list(limit: number): Promise<WaitingOrders> {
    const rows = await this.#database.run<WaitingRow>(LIST, [limit]);
    const page = rows.map((row) => ({
      merchantId: row.merchant_id,
      paymentId: row.payment_id,
      recordNumber: row.record_number,
      relayId: row.relay_id,
      reason: row.reason,
      approvedAmountMinor: row.approved_minor,
      currency: row.currency,
      orderedAtMs: row.ordered_at_ms,
      approvedAtMs: row.processor_time_ms,
    }));
    return { page, total: rows[0]?.total ?? 0n };
  }

  /** The order may undo its payment. @returns undefined when none was held. */
  release(key: PaymentKey, nowMs: number): Promise<DecidedOrder | undefined> {
    return this.#decide(RELEASE, key, nowMs);
  }

  /** The approval stays, as if its relay had acknowledged it. @returns undefined as above. */
  refuse(key: PaymentKey, nowMs: number): Promise<DecidedOrder | undefined> {
    return this.#decide(REFUSE, key, nowMs);
  }

  async stateOf({ merchantId, paymentId }: PaymentKey): Promise<ProcessorState | undefined> {
    const values = [merchantId, paymentId];
    const [row] = await this.#database.run<{ state: ProcessorState }>(STATE, values);
    return row?.state;
  }

  async #decide(
    statement: typeof RELEASE,
    key: PaymentKey,
    nowMs: number,
  ): Promise<DecidedOrder | undefined> {
    const values = [key.merchantId, key.paymentId, nowMs];
    const [row] = await this.#database.run<DecidedRow>(statement, values);
    if (row === undefined) return undefined;
    const { digest, relay_id: relayId, record_number: recordNumber, state } = row;
    const order = { ...key, digest, relayId, recordNumber, original: undefined };
    return { order: { ...order, isUnlessApproved: false }, state };
  }
}

interface WaitingRow {
  readonly merchant_id: PaymentKey["merchantId"];
  readonly payment_id: PaymentKey["paymentId"];
  readonly record_number: string;
  readonly relay_id: string;
  readonly reason: HoldReason;
  readonly approved_minor: bigint;
  readonly currency: number;
  readonly ordered_at_ms: bigint;
  readonly processor_time_ms: bigint;
  readonly total: bigint;
}

interface DecidedRow {
  readonly digest: Uint8Array;
  readonly relay_id: string;
  readonly record_number: RecordNumber;
  readonly state: DecidedOrder["state"];
}

const LIST = {
  name: "held_reversal.list",
  text: `
    SELECT merchant_id, payment_id, held.record_number, held.relay_id, reason, approved_minor,
      currency, ordered_at_ms, processor_time_ms, count(*) OVER () AS total
    FROM processor.held_reversal held CROSS JOIN LATERAL (
      SELECT approved_minor, currency, processor_time_ms FROM processor.payment
      WHERE payment.merchant_id = held.merchant_id AND payment.payment_id = held.payment_id
        AND payment.state IN ('APPROVED', 'AUTHORIZED') AND acknowledged_revision < revision
      OFFSET 0
    ) AS payment
    WHERE held.state = 'WAITING'
    ORDER BY ordered_at_ms, merchant_id, payment_id
    LIMIT $1::int`,
};

/** The first decision stands: what was decided before is only given again. */
function decided(state: "RELEASED" | "REFUSED"): string {
  return `
    UPDATE processor.held_reversal held SET
      state = CASE held.state WHEN 'WAITING' THEN '${state}' ELSE held.state END,
      decided_at_ms = coalesce(decided_at_ms, $3::bigint)
    WHERE held.merchant_id = $1::text AND held.payment_id = $2::uuid
    RETURNING digest, relay_id, record_number, held.state`;
}

const RELEASE = { name: "held_reversal.release", text: decided("RELEASED") };

/** Locks the payment first, as all that undoes one: either it is undone by then, or it stays. */
const REFUSE = {
  name: "held_reversal.refuse",
  text: `
    WITH approved AS (
      SELECT payment.merchant_id, payment.payment_id, revision
      FROM processor.payment JOIN processor.held_reversal held USING (merchant_id, payment_id)
      WHERE merchant_id = $1::text AND payment_id = $2::uuid AND held.state = 'WAITING'
        AND payment.state IN ('APPROVED', 'AUTHORIZED')
      FOR UPDATE OF payment
    ),
    kept AS (
      UPDATE processor.payment SET acknowledged_revision = approved.revision
      FROM approved
      WHERE payment.merchant_id = approved.merchant_id
        AND payment.payment_id = approved.payment_id
    )
    ${decided("REFUSED")}`,
};

const STATE = {
  name: "held_reversal.state",
  text: `SELECT state FROM processor.payment
    WHERE merchant_id = $1::text AND payment_id = $2::uuid`,
};
