import type { PaymentId, PaymentKey } from "../../payment/identifiers.ts";
import type { HotDatabase } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";
import { isLostRace } from "../payments/answer-in-rounds.ts";
import {
  keyText,
  type NewPayment,
  type Posting,
  paymentParameters,
} from "../payments/payment-row.ts";
import { type Acknowledged, acknowledge } from "./acknowledge-statement.ts";
import type { IncomingPayment } from "./incoming-payment.ts";
import { type BatchFacts, type FactsRow, factsFrom } from "./payment-facts.ts";

/** What the processor knows of payments, cards and accounts, in statements for whole batches. */
export class PaymentStore {
  readonly #database: HotDatabase;

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  /** What is known for each payment, in the same order. */
  async read(payments: readonly IncomingPayment[]): Promise<readonly BatchFacts[]> {
    const values = incomingParameters.values(payments);
    const rows = await this.#database.run<FactsRow>(READ_STATEMENT, values);
    const facts = new Array<BatchFacts>(payments.length);
    for (const row of rows) facts[row.position - 1] = factsFrom(row);
    return facts;
  }

  /** Opens the accounts that these payments may touch and that are not there yet. */
  async openAccounts(payments: readonly IncomingPayment[]): Promise<void> {
    await this.#database.run(OPEN_ACCOUNTS, incomingParameters.values(payments));
  }

  /**
   * Writes payments, postings and balances, all or none. No key and no counter may stand twice in
   * `payments`. Nothing is written when the registry is not the one that they were decided by: a
   * device may be suspended.
   *
   * @param registryRevision of the facts; where they differ, the lowest.
   * @returns keys (`keyText`) of the payments written; the others were there already, or their
   *   reader is suspended by now. Undefined when nothing was written because a rival changed an
   *   account: read again and decide again.
   */
  async write(
    payments: readonly NewPayment[],
    registryRevision: bigint,
  ): Promise<ReadonlySet<string> | undefined> {
    const rows = payments.map(({ row }) => row);
    const postings = payments.flatMap(({ row, posting }) =>
      posting === null ? [] : [{ ...posting, key: row }],
    );
    const values = [
      ...paymentParameters.values(rows),
      ...postingParameters.values(postings),
      registryRevision,
    ];
    try {
      const written = await this.#database.run<WrittenRow>(WRITE, values);
      return new Set(
        written.map(({ merchant_id: merchantId, payment_id: paymentId }) =>
          keyText({ merchantId, paymentId }),
        ),
      );
    } catch (error) {
      if (isLostRace(error)) return undefined;
      throw error;
    }
  }

  /** Remembers which revision a relay has committed. What is not its own is left alone. */
  acknowledge(acknowledged: readonly Acknowledged[]): Promise<ReadonlySet<PaymentId>> {
    return acknowledge(this.#database, acknowledged);
  }
}

interface WrittenRow {
  readonly merchant_id: PaymentKey["merchantId"];
  readonly payment_id: PaymentKey["paymentId"];
}

/** What asks for the facts. A payment that could not be opened is only looked for. */
export const incomingParameters = new RowParameters<IncomingPayment>({
  merchant_id: ["text", ({ context }) => context.merchantId],
  payment_id: ["uuid", ({ context }) => context.paymentId],
  digest: ["bytea", ({ digest }) => digest],
  previous_payment_id: ["uuid", ({ context }) => context.previousPaymentId],
  relay_id: ["text", ({ relayId }) => relayId],
  reader_certificate_id: ["bytea", ({ context }) => context.wire.readerCertificateId],
  terminal_certificate_id: ["bytea", ({ context }) => context.wire.terminalCertificateId],
  signing_key_id: ["bytea", ({ content }) => content?.signing.keyId],
  counter: ["bigint", ({ content }) => content?.signing.counter],
  pan_token: ["bytea", ({ content }) => content?.panToken],
  currency: ["int", ({ context }) => context.currency],
});

const postingParameters = new RowParameters<Posting & { readonly key: PaymentKey }>({
  merchant_id: ["text", (row) => row.key.merchantId],
  payment_id: ["uuid", (row) => row.key.paymentId],
  kind: ["text", (row) => row.kind],
  debit_account: ["bigint", (row) => row.debitAccount],
  credit_account: ["bigint", (row) => row.creditAccount],
});

/**
 * The business day of the moment in SQL: once for a statement, by the ledger's clock. A day that
 * is later was written before that clock was put back, and counts no more.
 */
const TODAY = "(SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')::int)";

/** Once for a statement: it is not of the row. */
const REGISTRY_REVISION = "(SELECT revision FROM processor.registry_revision)";

/**
 * One account for each item. As a plain join it may be planned, while there are few accounts, to go
 * by the kind alone: it then compares each item with every merchant that has come since.
 */
function account(kind: "CARDHOLDER" | "MERCHANT" | "CLEARING", holder: string): string {
  return `LATERAL (
      SELECT * FROM processor.account
      WHERE kind = '${kind}' AND holder = ${holder} AND currency = item.currency
      LIMIT 1
    )`;
}

/**
 * A reader that signed two payments with one counter is a copy, or was put back: the statement that
 * sees it suspends it. Only a payment whose signature holds has a signing key here.
 */
export const READ_STATEMENT = {
  name: "payment.read",
  text: `
    WITH item AS (SELECT * FROM ${incomingParameters.numbered("given")}),
    counted AS (
      SELECT item.position, item.reader_certificate_id, payment.digest <> item.digest AS is_reused
      FROM item JOIN processor.payment
        ON payment.signing_key_id = item.signing_key_id AND payment.counter = item.counter
    ),
    suspended AS (
      UPDATE processor.reader SET state = 'SUSPENDED'
      FROM (
        SELECT reader_certificate_id FROM counted WHERE is_reused
        GROUP BY reader_certificate_id ORDER BY reader_certificate_id
      ) reused
      WHERE reader.certificate_id = reused.reader_certificate_id AND reader.state = 'ACTIVE'
      RETURNING reader.certificate_id, reader.reader_serial
    )
    SELECT item.position::int, ${TODAY} AS today,
      existing.digest AS existing_digest, existing.relay_id AS existing_relay_id,
      existing.result AS existing_result, existing.result_signature AS existing_signature,
      existing.result_key_id AS existing_key_id,
      counted.position IS NOT NULL AS is_counter_used,
      relay.state AS relay_state, suspended.reader_serial AS suspended_reader,
      CASE WHEN suspended.certificate_id IS NULL THEN reader.state ELSE 'SUSPENDED' END
        AS reader_state,
      reader.merchant_id AS reader_merchant_id, terminal.state AS terminal_state,
      terminal.currencies, terminal.simulate_by_amount, ${REGISTRY_REVISION} AS registry_revision,
      card.status AS card_status, card.expiration_date, card.is_pin_required_on_tap,
      card.is_refundable, cardholder.account_id AS cardholder_account, cardholder.balance_minor,
      cardholder.credit_minor, cardholder.daily_amount_minor_max, cardholder.daily_count_max,
      CASE WHEN cardholder.spent_day <= ${TODAY} THEN cardholder.spent_day ELSE 0 END AS spent_day,
      cardholder.spent_minor, cardholder.spent_count,
      cardholder.tapped_minor, cardholder.tapped_count,
      owed.account_id AS merchant_account, clearing.account_id AS clearing_account,
      previous.state AS previous_state, previous.response_code AS previous_response_code,
      previous.reader_serial AS previous_reader_serial, previous.kind AS previous_kind,
      previous.currency AS previous_currency, previous.total_minor AS previous_total_minor,
      previous.tip_minor AS previous_tip_minor,
      previous.cashback_minor AS previous_cashback_minor,
      previous.surcharge_minor AS previous_surcharge_minor,
      CASE WHEN refund_day.day = ${TODAY} THEN refund_day.minor ELSE 0 END AS refunded_minor
    FROM item
    LEFT JOIN processor.payment existing USING (merchant_id, payment_id)
    LEFT JOIN counted ON counted.position = item.position
    LEFT JOIN processor.payment previous
      ON previous.merchant_id = item.merchant_id AND previous.payment_id = item.previous_payment_id
    LEFT JOIN processor.refund_day
      ON refund_day.merchant_id = item.merchant_id AND refund_day.currency = item.currency
    LEFT JOIN processor.relay ON relay.relay_id = item.relay_id
    LEFT JOIN processor.reader ON reader.certificate_id = item.reader_certificate_id
    LEFT JOIN suspended ON suspended.certificate_id = item.reader_certificate_id
    LEFT JOIN processor.terminal ON terminal.certificate_id = item.terminal_certificate_id
    LEFT JOIN processor.card ON card.pan_token = item.pan_token
    LEFT JOIN ${account("CARDHOLDER", "item.pan_token")} cardholder ON true
    LEFT JOIN ${account("MERCHANT", "convert_to(item.merchant_id, 'UTF8')")} owed ON true
    LEFT JOIN ${account("CLEARING", "''")} clearing ON true`,
};

// Ordered, so that two processors that open the same accounts do not wait for each other in a ring.
const OPEN_ACCOUNTS = {
  name: "account.open",
  text: `
    WITH item AS (SELECT * FROM ${incomingParameters.from("given")}),
    wanted AS (
      SELECT 'CARDHOLDER' AS kind, card.pan_token AS holder, item.currency, card.credit_minor,
        card.daily_amount_minor_max, card.daily_count_max
      FROM item JOIN processor.card USING (pan_token)
      UNION
      SELECT 'MERCHANT', convert_to(merchant_id, 'UTF8'), currency, NULL, NULL, NULL FROM item
      UNION
      SELECT 'CLEARING', '', currency, NULL, NULL, NULL FROM item
    )
    INSERT INTO processor.account
      (kind, holder, currency, credit_minor, daily_amount_minor_max, daily_count_max)
    SELECT * FROM wanted ORDER BY kind, holder, currency
    ON CONFLICT DO NOTHING`,
};

/**
 * Whether a payment counts to the day that the account has: that day, or around midnight the next
 * one, where another processor has begun it.
 */
const IS_SAME_DAY = `(spent_day >= locked.day AND spent_day <= ${TODAY})`;

/**
 * A payment that another transaction wrote first is not returned, and so neither posted. Nor is one
 * whose reader was suspended since it was read. Locks are taken in one order everywhere: payments
 * by key, then accounts by number.
 */
const WRITE = {
  name: "payment.write",
  text: `
    WITH item AS (
      SELECT * FROM ${paymentParameters.from("given")}
      WHERE ${REGISTRY_REVISION} = $${paymentParameters.count + postingParameters.count + 1}::bigint
    ),
    inserted AS (
      INSERT INTO processor.payment (${paymentParameters.names})
      SELECT ${paymentParameters.names} FROM item
      WHERE EXISTS (
        SELECT FROM processor.reader
        WHERE reader.reader_serial = item.reader_serial AND reader.state = 'ACTIVE'
      )
      ORDER BY merchant_id, payment_id
      ON CONFLICT DO NOTHING
      RETURNING merchant_id, payment_id, approved_minor, currency, settlement_date, holder_check
    ),
    posted AS (
      INSERT INTO processor.posting (${postingParameters.names},
        amount_minor, currency, settlement_date)
      SELECT ${postingParameters.names}, approved_minor, currency, settlement_date
      FROM ${postingParameters.from("transfer", paymentParameters.count)}
      JOIN inserted USING (merchant_id, payment_id)
      RETURNING merchant_id, payment_id, kind, debit_account, credit_account, amount_minor,
        currency, settlement_date
    ),
    refunded AS (
      INSERT INTO processor.refund_day (merchant_id, currency, day, minor)
      SELECT merchant_id, currency, max(settlement_date), sum(amount_minor)::bigint
      FROM posted WHERE kind = 'REFUND' GROUP BY merchant_id, currency
      ORDER BY merchant_id, currency
      ON CONFLICT (merchant_id, currency) DO UPDATE SET day = excluded.day,
        minor = CASE WHEN refund_day.day = excluded.day THEN refund_day.minor ELSE 0 END
          + excluded.minor
    ),
    moved AS (
      SELECT debit_account AS account_id, -amount_minor AS amount,
        kind <> 'REFUND' AS is_spent, posted.settlement_date,
        CASE WHEN kind = 'REFUND' THEN '' ELSE holder_check END AS holder_check
      FROM posted JOIN inserted USING (merchant_id, payment_id)
      UNION ALL
      SELECT credit_account, amount_minor, false, settlement_date, '' FROM posted
    ),
    change AS (
      SELECT account_id, sum(amount)::bigint AS amount,
        coalesce(sum(-amount) FILTER (WHERE is_spent), 0)::bigint AS spent_minor,
        (count(*) FILTER (WHERE is_spent))::int AS spent_count, max(settlement_date) AS day,
        bool_or(holder_check = 'PIN') AS has_pin,
        coalesce(sum(-amount) FILTER (WHERE holder_check = 'TAP'), 0)::bigint AS tapped_minor,
        (count(*) FILTER (WHERE holder_check = 'TAP'))::int AS tapped_count
      FROM moved GROUP BY account_id
    ),
    locked AS (
      SELECT change.* FROM processor.account JOIN change USING (account_id)
      ORDER BY account_id FOR UPDATE OF account
    ),
    updated AS (
      UPDATE processor.account SET
        balance_minor = balance_minor + locked.amount,
        is_overspent =
          locked.spent_count > 0 AND balance_minor + locked.amount + credit_minor < 0,
        spent_minor = CASE WHEN ${IS_SAME_DAY} THEN account.spent_minor ELSE 0 END
          + locked.spent_minor,
        spent_count = CASE WHEN ${IS_SAME_DAY} THEN account.spent_count ELSE 0 END
          + locked.spent_count,
        tapped_minor = CASE WHEN locked.has_pin THEN 0 ELSE account.tapped_minor END
          + locked.tapped_minor,
        tapped_count = CASE WHEN locked.has_pin THEN 0 ELSE account.tapped_count END
          + locked.tapped_count,
        spent_day = CASE WHEN ${IS_SAME_DAY} THEN spent_day ELSE least(locked.day, ${TODAY}) END
      FROM locked
      WHERE account.account_id = locked.account_id
    )
    SELECT merchant_id, payment_id FROM inserted`,
};
