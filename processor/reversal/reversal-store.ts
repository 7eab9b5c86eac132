import type { PaymentKey } from "../../payment/identifiers.ts";
import type { HotDatabase } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";
import type { WaitingOrder } from "../oversight/waiting-order.ts";
import { isLostRace } from "../payments/answer-in-rounds.ts";
import {
  keyText,
  type PaymentRow,
  type ProcessorState,
  paymentParameters,
} from "../payments/payment-row.ts";

/** What a reversal finds. */
export interface ReversibleFacts
  extends Pick<
    PaymentRow,
    "digest" | "state" | "relayId" | "revision" | "stored" | "processorTimeMs"
  > {
  readonly acknowledgedRevision: number;
  /** Whether the relay that submitted it is ACTIVE. */
  readonly isRelayActive: boolean;
  /** An earlier order of the same, when it was held. */
  readonly hold:
    | { readonly state: "WAITING" | "RELEASED" | "REFUSED"; readonly orderedAtMs: number }
    | undefined;
}

/** Why an order waits. */
export type HoldReason = WaitingOrder["reason"];

/** An order that waits for an operator. */
interface HeldOrder extends Pick<PaymentRow, keyof PaymentKey | "digest" | "relayId"> {
  readonly recordNumber: string;
  /** By the processor's clock. */
  readonly orderedAtMs: number;
  readonly reason: HoldReason;
}

/**
 * The end of a payment that was approved, in place of what its row says: with the day and time of
 * the reversal, and one more than the revision before.
 */
export type ReversedPayment = Pick<
  PaymentRow,
  keyof PaymentKey | "revision" | "responseCode" | "settlementDate" | "processorTimeMs" | "stored"
>;

export class ReversalStore {
  readonly #database: HotDatabase;

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  /** What is known of each payment, in the same order; undefined for one that never came. */
  async read(keys: readonly PaymentKey[]): Promise<readonly (ReversibleFacts | undefined)[]> {
    const rows = await this.#database.run<FoundRow>(READ, keyParameters.values(keys));
    const facts = new Array<ReversibleFacts | undefined>(keys.length).fill(undefined);
    for (const row of rows) facts[row.position - 1] = factsFrom(row);
    return facts;
  }

  /** Holds orders for an operator. @returns record numbers of those that were not held before. */
  async hold(orders: readonly HeldOrder[]): Promise<readonly string[]> {
    const rows = await this.#database.run<{ record_number: string }>(
      HOLD,
      heldParameters.values(orders),
    );
    return rows.map(({ record_number: recordNumber }) => recordNumber);
  }

  /**
   * Writes tombstones, and reversals with their opposite postings, all or none. No key may stand
   * twice.
   *
   * @returns keys (`keyText`) of what was written. A payment that came, was reversed or
   *   acknowledged since it was read is not among them, nor one whose relay was suspended: read
   *   again.
   */
  async write(changes: {
    readonly tombstones: readonly PaymentRow[];
    readonly reversals: readonly ReversedPayment[];
  }): Promise<ReadonlySet<string>> {
    const values = [
      ...paymentParameters.values(changes.tombstones),
      ...reversedParameters.values(changes.reversals),
    ];
    try {
      const rows = await this.#database.run<PaymentKeyRow>(WRITE, values);
      return new Set(
        rows.map(({ merchant_id: merchantId, payment_id: paymentId }) =>
          keyText({ merchantId, paymentId }),
        ),
      );
    } catch (error) {
      if (isLostRace(error)) return new Set();
      throw error;
    }
  }
}

interface PaymentKeyRow {
  readonly merchant_id: PaymentKey["merchantId"];
  readonly payment_id: PaymentKey["paymentId"];
}

interface FoundRow {
  readonly position: number;
  readonly digest: Uint8Array;
  readonly state: ProcessorState;
  readonly relay_id: string;
  readonly revision: number;
  readonly acknowledged_revision: number;
  readonly processor_time_ms: bigint;
  readonly is_relay_active: boolean;
  readonly hold_state: "WAITING" | "RELEASED" | "REFUSED" | null;
  readonly ordered_at_ms: bigint;
  readonly result: Uint8Array;
  readonly result_signature: Uint8Array;
  readonly result_key_id: Uint8Array;
}

function factsFrom(row: FoundRow): ReversibleFacts {
  return {
    digest: row.digest,
    state: row.state,
    relayId: row.relay_id,
    revision: row.revision,
    acknowledgedRevision: row.acknowledged_revision,
    processorTimeMs: Number(row.processor_time_ms),
    isRelayActive: row.is_relay_active,
    hold:
      row.hold_state === null
        ? undefined
        : { state: row.hold_state, orderedAtMs: Number(row.ordered_at_ms) },
    stored: {
      result: row.result,
      signature: row.result_signature,
      keyId: row.result_key_id,
    },
  };
}

const keyParameters = new RowParameters<PaymentKey>({
  merchant_id: ["text", (row) => row.merchantId],
  payment_id: ["uuid", (row) => row.paymentId],
});

const reversedParameters = new RowParameters<ReversedPayment>({
  merchant_id: ["text", (row) => row.merchantId],
  payment_id: ["uuid", (row) => row.paymentId],
  revision: ["int", (row) => row.revision],
  response_code: ["text", (row) => row.responseCode],
  settlement_date: ["int", (row) => row.settlementDate],
  processor_time_ms: ["bigint", (row) => BigInt(row.processorTimeMs)],
  result: ["bytea", (row) => row.stored.result],
  result_signature: ["bytea", (row) => row.stored.signature],
  result_key_id: ["bytea", (row) => row.stored.keyId],
});

const heldParameters = new RowParameters<HeldOrder>({
  merchant_id: ["text", (row) => row.merchantId],
  payment_id: ["uuid", (row) => row.paymentId],
  relay_id: ["text", (row) => row.relayId],
  record_number: ["text", (row) => row.recordNumber],
  digest: ["bytea", (row) => row.digest],
  ordered_at_ms: ["bigint", (row) => BigInt(row.orderedAtMs)],
  reason: ["text", (row) => row.reason],
});

const READ = {
  name: "reversal.read",
  text: `
    SELECT item.position::int, payment.digest, payment.state, payment.relay_id, revision,
      acknowledged_revision, processor_time_ms, result, result_signature, result_key_id,
      coalesce(relay.state = 'ACTIVE', false) AS is_relay_active,
      held.state AS hold_state, held.ordered_at_ms
    FROM ${keyParameters.numbered("item")}
    JOIN processor.payment USING (merchant_id, payment_id)
    LEFT JOIN processor.relay ON relay.relay_id = payment.relay_id
    LEFT JOIN processor.held_reversal held USING (merchant_id, payment_id)`,
};

// Ordered, so that two processors that hold the same orders do not wait for each other in a ring.
const HOLD = {
  name: "reversal.hold",
  text: `
    INSERT INTO processor.held_reversal (${heldParameters.names})
    SELECT ${heldParameters.names} FROM ${heldParameters.from("given")}
    ORDER BY merchant_id, payment_id
    ON CONFLICT DO NOTHING
    RETURNING record_number`,
};

/**
 * Locks are taken in the same order as by payment.write. A payment is reversed only from the
 * revision that was read, and only while that is not acknowledged and the relay is active, or an
 * operator has released the order. What it had spent of the day's
 * limits is given back when it is still that day; no more than is there, for a day that a wrong
 * clock brought twice began twice.
 */
const WRITE = {
  name: "reversal.write",
  text: `
    WITH tombstone AS (SELECT * FROM ${paymentParameters.from("given")}),
    item AS (SELECT * FROM ${reversedParameters.from("given", paymentParameters.count)}),
    inserted AS (
      INSERT INTO processor.payment (${paymentParameters.names})
      SELECT ${paymentParameters.names} FROM tombstone ORDER BY merchant_id, payment_id
      ON CONFLICT DO NOTHING
      RETURNING merchant_id, payment_id
    ),
    found AS (
      SELECT item.*
      FROM processor.payment JOIN item USING (merchant_id, payment_id)
      ORDER BY merchant_id, payment_id FOR UPDATE OF payment
    ),
    reversed AS (
      UPDATE processor.payment SET state = 'REVERSED', revision = found.revision,
        response_code = found.response_code, processor_time_ms = found.processor_time_ms,
        result = found.result, result_signature = found.result_signature,
        result_key_id = found.result_key_id
      FROM found
      WHERE payment.merchant_id = found.merchant_id AND payment.payment_id = found.payment_id
        AND payment.state IN ('APPROVED', 'AUTHORIZED')
        AND payment.revision = found.revision - 1
        AND payment.acknowledged_revision < payment.revision
        AND (
          EXISTS (
            SELECT FROM processor.relay
            WHERE relay.relay_id = payment.relay_id AND relay.state = 'ACTIVE'
          ) OR EXISTS (
            SELECT FROM processor.held_reversal held
            WHERE held.merchant_id = payment.merchant_id AND held.payment_id = payment.payment_id
              AND held.state = 'RELEASED'
          )
        )
      RETURNING payment.merchant_id, payment.payment_id, found.settlement_date AS reversed_on
    ),
    original AS (
      SELECT posting.*, reversed_on
      FROM reversed JOIN processor.posting USING (merchant_id, payment_id)
      WHERE posting.kind IN ('SALE', 'AUTHORIZATION', 'REFUND')
    ),
    posted AS (
      INSERT INTO processor.posting (merchant_id, payment_id, kind, debit_account, credit_account,
        amount_minor, currency, settlement_date)
      SELECT merchant_id, payment_id, 'REVERSAL', credit_account, debit_account,
        amount_minor, currency, reversed_on
      FROM original
    ),
    moved AS (
      SELECT debit_account AS account_id, amount_minor AS amount, kind <> 'REFUND' AS is_given_back,
        settlement_date
      FROM original
      UNION ALL
      SELECT credit_account, -amount_minor, false, settlement_date FROM original
    ),
    change AS (
      SELECT account_id, sum(amount)::bigint AS amount,
        array_agg(amount) FILTER (WHERE is_given_back) AS amounts,
        array_agg(settlement_date) FILTER (WHERE is_given_back) AS days
      FROM moved GROUP BY account_id
    ),
    locked AS (
      SELECT change.* FROM processor.account JOIN change USING (account_id)
      ORDER BY account_id FOR UPDATE OF account
    ),
    updated AS (
      UPDATE processor.account SET
        balance_minor = balance_minor + locked.amount,
        spent_minor = greatest(0, spent_minor - (
          SELECT coalesce(sum(amount), 0) FROM unnest(locked.amounts, locked.days) AS t(amount, day)
          WHERE day = spent_day)),
        spent_count = greatest(0, spent_count - (
          SELECT count(*)::int FROM unnest(locked.days) AS t(day) WHERE day = spent_day))
      FROM locked
      WHERE account.account_id = locked.account_id
    )
    SELECT merchant_id, payment_id FROM inserted
    UNION ALL
    SELECT merchant_id, payment_id FROM reversed`,
};
