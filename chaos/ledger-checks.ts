import type { DatabaseName } from "./databases.ts";

/** A statement that finds what must not be: every row is a violation. */
export interface LedgerCheck {
  /** What holds when it finds nothing. */
  readonly invariant: string;
  readonly database: DatabaseName;
  readonly text: string;
}

/** Postings of a payment, as `kind amount`, the reversal last. */
const POSTED = `
  LEFT JOIN LATERAL (
    SELECT array_agg(
      posting.kind || ' ' || amount_minor ORDER BY posting.kind = 'REVERSAL') AS kinds
    FROM processor.posting
    WHERE posting.merchant_id = payment.merchant_id AND posting.payment_id = payment.payment_id
  ) posted ON true`;

/** Whatever the state of one database alone can tell (design of payments, invariants 1 to 11). */
export const LEDGER_CHECKS: readonly LedgerCheck[] = [
  {
    invariant: "all balances of a currency add up to zero",
    database: "processor",
    text: `SELECT currency, sum(balance_minor)::text AS total FROM processor.account
      GROUP BY currency HAVING sum(balance_minor) <> 0`,
  },
  {
    invariant: "every balance is the sum of its postings",
    database: "processor",
    text: `SELECT account_id, balance_minor, moved.total FROM processor.account
      LEFT JOIN LATERAL (
        SELECT coalesce(sum(CASE WHEN credit_account = account_id THEN amount_minor
          ELSE -amount_minor END), 0)::bigint AS total
        FROM processor.posting WHERE account_id IN (credit_account, debit_account)
      ) moved ON true
      WHERE balance_minor <> moved.total`,
  },
  {
    invariant: "approved: exactly one posting; reversed: none, or two that cancel; else none",
    database: "processor",
    text: `SELECT payment_id, state, approved_minor, posted.kinds FROM processor.payment ${POSTED}
      WHERE posted.kinds IS DISTINCT FROM CASE
        WHEN approved_minor = 0 THEN NULL
        WHEN state IN ('APPROVED', 'AUTHORIZED') THEN ARRAY[kind || ' ' || approved_minor]
        WHEN state = 'REVERSED'
          THEN ARRAY[kind || ' ' || approved_minor, 'REVERSAL ' || approved_minor]
        END`,
  },
  {
    invariant: "a reversal moves the same money back between the same accounts",
    database: "processor",
    text: `SELECT back.payment_id FROM processor.posting back
      LEFT JOIN processor.posting there ON there.merchant_id = back.merchant_id
        AND there.payment_id = back.payment_id AND there.kind <> 'REVERSAL'
        AND there.debit_account = back.credit_account AND there.credit_account = back.debit_account
        AND there.amount_minor = back.amount_minor AND there.currency = back.currency
      WHERE back.kind = 'REVERSAL' AND there.payment_id IS NULL`,
  },
  {
    invariant: "no posting without its payment",
    database: "processor",
    text: `SELECT posting.payment_id FROM processor.posting
      LEFT JOIN processor.payment USING (merchant_id, payment_id)
      WHERE payment.payment_id IS NULL`,
  },
  {
    invariant: "an approved payment is for more than nothing and not more than was signed",
    database: "processor",
    text: `SELECT payment_id, approved_minor, total_minor FROM processor.payment
      WHERE state IN ('APPROVED', 'AUTHORIZED')
        AND (approved_minor <= 0 OR approved_minor > total_minor)`,
  },
  {
    invariant: "no reader counter was used twice",
    database: "processor",
    text: `SELECT signing_key_id, counter FROM processor.payment WHERE counter IS NOT NULL
      GROUP BY signing_key_id, counter HAVING count(*) > 1`,
  },
  {
    invariant: "no card has more or less tries than there are",
    database: "processor",
    text: "SELECT card_token FROM pin.card WHERE tries_left NOT BETWEEN 0 AND 3",
  },
  {
    invariant: "every record is final",
    database: "relay",
    text: `SELECT record_number, state FROM record
      WHERE state IN ('RECEIVED', 'FORWARDED', 'REVERSING') OR due_at IS NOT NULL`,
  },
  {
    invariant: "one record for each payment",
    database: "relay",
    text: `SELECT merchant_id, payment_id FROM record
      GROUP BY merchant_id, payment_id HAVING count(*) > 1`,
  },
  {
    invariant: "the sealed data of a final record is gone",
    database: "relay",
    text: `SELECT record_number FROM record
      WHERE state NOT IN ('RECEIVED', 'FORWARDED', 'REVERSING')
        AND (reader_payment IS NOT NULL OR reader_signature IS NOT NULL)`,
  },
  {
    invariant: "the last event of a record is its state",
    database: "relay",
    text: `SELECT record.record_number, record.state, latest.state AS last_event FROM record
      LEFT JOIN LATERAL (SELECT state FROM record_event
        WHERE record_event.record_number = record.record_number ORDER BY sequence DESC LIMIT 1
      ) latest ON true
      WHERE latest.state IS DISTINCT FROM record.state`,
  },
];
