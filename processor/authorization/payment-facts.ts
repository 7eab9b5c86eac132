import type { PaymentRow, ProcessorState } from "../payments/payment-row.ts";
import type { AccountFacts, CardFacts } from "./decision-facts.ts";

/** What the database knows that a payment is decided by. */
export interface BatchFacts {
  /** The business day by the ledger's clock when this was read, YYYYMMDD. */
  readonly today: number;
  /** The payment, when it is there already. */
  readonly existing: ExistingPayment | undefined;
  /** The reader's counter stands in some payment, perhaps this one. */
  readonly isCounterUsed: boolean;
  /** States as in the registry; undefined: not registered. */
  readonly relayState: string | undefined;
  /** Serial number of the payment's reader, when this reading suspended it. */
  readonly suspendedReader: string | undefined;
  readonly reader: { readonly state: string; readonly merchantId: string } | undefined;
  readonly terminal: TerminalFacts | undefined;
  /** Of the registry when this was read. */
  readonly registryRevision: bigint;
  /** undefined: not known, or its account in this currency is not open yet. */
  readonly card: CardFacts | undefined;
  readonly isCardKnown: boolean;
  readonly accounts: BatchAccounts | undefined;
  readonly previous: PreviousPayment | undefined;
  /** What the merchant has refunded today in this currency, in minor units. */
  readonly refundedMinor: bigint;
}

/** What was read of a payment before its PIN was asked about. */
export interface EarlyFacts {
  readonly facts: BatchFacts;
  /** By the monotonic clock, before the reading began. */
  readonly readAtMs: number;
}

type ExistingPayment = Pick<PaymentRow, "digest" | "relayId" | "stored">;

interface TerminalFacts {
  readonly state: string;
  /** ISO 4217 numeric codes. */
  readonly currencies: readonly number[];
  readonly simulateByAmount: boolean;
}

/** Numbers of the accounts that a posting may touch. */
export interface BatchAccounts {
  readonly cardholder: bigint;
  readonly merchant: bigint;
  readonly clearing: bigint;
}

/** The declined payment that this one repeats with a PIN. */
export type PreviousPayment = Pick<
  PaymentRow,
  "state" | "responseCode" | "readerSerial" | "kind" | "currency" | "amounts"
>;

/** What PostgreSQL gives for one payment; columns of a table without a row for it are null. */
export interface FactsRow {
  readonly position: number;
  readonly today: number;
  readonly existing_digest: Uint8Array | null;
  readonly existing_relay_id: string;
  readonly existing_result: Uint8Array;
  readonly existing_signature: Uint8Array;
  readonly existing_key_id: Uint8Array;
  readonly is_counter_used: boolean;
  readonly relay_state: string | null;
  readonly suspended_reader: string | null;
  readonly reader_state: string | null;
  readonly reader_merchant_id: string;
  readonly terminal_state: string | null;
  readonly currencies: readonly number[];
  readonly simulate_by_amount: boolean;
  readonly registry_revision: bigint;
  readonly card_status: CardFacts["status"] | null;
  readonly expiration_date: string;
  readonly is_pin_required_on_tap: boolean;
  readonly is_refundable: boolean;
  readonly cardholder_account: bigint | null;
  readonly balance_minor: bigint;
  readonly credit_minor: bigint;
  readonly daily_amount_minor_max: bigint | null;
  readonly daily_count_max: number | null;
  readonly spent_day: number;
  readonly spent_minor: bigint;
  readonly spent_count: number;
  readonly tapped_minor: bigint;
  readonly tapped_count: number;
  readonly merchant_account: bigint | null;
  readonly clearing_account: bigint | null;
  readonly previous_state: ProcessorState | null;
  readonly previous_response_code: string;
  readonly previous_reader_serial: string;
  readonly previous_kind: string;
  readonly previous_currency: number;
  readonly previous_total_minor: bigint;
  readonly previous_tip_minor: bigint;
  readonly previous_cashback_minor: bigint;
  readonly previous_surcharge_minor: bigint;
  readonly refunded_minor: bigint;
}

export function factsFrom(row: FactsRow): BatchFacts {
  return {
    today: row.today,
    existing: existingFrom(row),
    isCounterUsed: row.is_counter_used,
    relayState: row.relay_state ?? undefined,
    suspendedReader: row.suspended_reader ?? undefined,
    reader:
      row.reader_state === null
        ? undefined
        : { state: row.reader_state, merchantId: row.reader_merchant_id },
    terminal:
      row.terminal_state === null
        ? undefined
        : {
            state: row.terminal_state,
            currencies: row.currencies,
            simulateByAmount: row.simulate_by_amount,
          },
    registryRevision: row.registry_revision,
    card: cardFrom(row),
    isCardKnown: row.card_status !== null,
    accounts: accountsFrom(row),
    previous: previousFrom(row),
    refundedMinor: row.refunded_minor,
  };
}

function existingFrom(row: FactsRow): ExistingPayment | undefined {
  if (row.existing_digest === null) return undefined;
  return {
    digest: row.existing_digest,
    relayId: row.existing_relay_id,
    stored: {
      result: row.existing_result,
      signature: row.existing_signature,
      keyId: row.existing_key_id,
    },
  };
}

function cardFrom(row: FactsRow): CardFacts | undefined {
  if (row.card_status === null || row.cardholder_account === null) return undefined;
  return {
    status: row.card_status,
    expirationDate: row.expiration_date,
    isPinRequiredOnTap: row.is_pin_required_on_tap,
    isRefundable: row.is_refundable,
    account: accountFrom(row),
  };
}

function accountFrom(row: FactsRow): AccountFacts {
  return {
    balanceMinor: row.balance_minor,
    creditMinor: row.credit_minor,
    dailyAmountMinorMax: row.daily_amount_minor_max,
    dailyCountMax: row.daily_count_max,
    spentDay: row.spent_day,
    spentMinor: row.spent_minor,
    spentCount: row.spent_count,
    tappedMinor: row.tapped_minor,
    tappedCount: row.tapped_count,
  };
}

function accountsFrom(row: FactsRow): BatchAccounts | undefined {
  const { cardholder_account: cardholder, merchant_account: merchant } = row;
  const { clearing_account: clearing } = row;
  if (cardholder === null || merchant === null || clearing === null) return undefined;
  return { cardholder, merchant, clearing };
}

function previousFrom(row: FactsRow): PreviousPayment | undefined {
  if (row.previous_state === null) return undefined;
  return {
    state: row.previous_state,
    responseCode: row.previous_response_code,
    readerSerial: row.previous_reader_serial,
    kind: row.previous_kind,
    currency: row.previous_currency,
    amounts: {
      totalMinor: row.previous_total_minor,
      tipMinor: row.previous_tip_minor,
      cashbackMinor: row.previous_cashback_minor,
      surchargeMinor: row.previous_surcharge_minor,
    },
  };
}
