import type { SignedResult } from "../../../gen/cardlane/payment/v1/payment_pb.ts";
import { ShownOutcome } from "../../../gen/cardlane/reader/v1/reader_pb.ts";
import type { TestKeys } from "../../../test/fixtures/keys.ts";
import { PaymentSigner } from "../../../test/fixtures/reader-payment.ts";
import { signedResult } from "../../../test/fixtures/signed-results.ts";
import { History } from "../../history.ts";
import type { Evidence } from "../check.ts";
import type { LedgerRow, RelayRow } from "../end-state.ts";

const [RECORD, MERCHANT] = ["A1SALE000001", "CORNERCOFFEE001"];
const NOW_MS = Date.UTC(2026, 5, 1);
const [HOLDER, PIN_TOKEN, DIGEST] = ["aa", "bb", "cc"];
const DAY = 20260601;

/** A run of one payment of 5.00 EUR that went well. */
export function soundEvidence(keys: TestKeys): Evidence {
  const signer = new PaymentSigner({ keys, nowMs: () => NOW_MS });
  const { signed, paymentId } = signer.sign({ totalMinor: 500n });
  const wishes = { nowMs: NOW_MS, result: { recordNumber: RECORD } };
  const answer = signedResult(keys, signed, wishes);
  return {
    end: {
      records: [soundRecord(paymentId, answer)],
      otherRecords: [
        { payment_id: paymentId, record_number: "B1SALE000001", state: "DECLINED", is_due: false },
      ],
      events: [
        { sequence: 1n, record_number: RECORD, state: "RECEIVED" },
        { sequence: 2n, record_number: RECORD, state: "FORWARDED" },
        { sequence: 5n, record_number: RECORD, state: "APPROVED" },
      ],
      ...soundLedger(paymentId, answer),
      pinCards: [{ card_token: PIN_TOKEN, tries_left: 3 }],
      verdicts: [{ digest: DIGEST, verdict: "VERIFIED", tries_left: 3 }],
    },
    history: soundHistory(paymentId, answer),
    sightings: new Map([[paymentId, { recordedByMs: 1_000, unpostedAtMs: 2_000 }]]),
    watched: {
      heard: [
        { sequence: 1n, recordNumber: RECORD, state: "RECEIVED" },
        { sequence: 2n, recordNumber: RECORD, state: "FORWARDED" },
        { sequence: 5n, recordNumber: RECORD, state: "APPROVED" },
      ],
      gone: "",
      resumed: 1,
    },
    manifest: keys.manifest,
    timesBegun: () => 1,
    tokens: { accounts: new Map([["visa", HOLDER]]), pins: new Map([["visa", PIN_TOKEN]]) },
  };
}

function soundRecord(paymentId: string, { result, signature, keyId }: SignedResult): RelayRow {
  return {
    payment_id: paymentId,
    merchant_id: MERCHANT,
    record_number: RECORD,
    state: "APPROVED",
    is_unseen: false,
    digest: DIGEST,
    is_due: false,
    has_sealed_data: false,
    total_minor: 500n,
    approved_amount_minor: 500n,
    revision: 1,
    result,
    result_signature: signature,
    result_key_id: keyId,
  };
}

function soundLedger(paymentId: string, { result }: SignedResult) {
  const shared = {
    payment_id: paymentId,
    merchant_id: MERCHANT,
    kind: "SALE",
    currency: 978,
    settlement_date: DAY,
  } as const;
  const account = { currency: 978, daily_count_max: null };
  const payment: LedgerRow = {
    ...shared,
    record_number: RECORD,
    state: "APPROVED",
    total_minor: 500n,
    approved_minor: 500n,
    response_code: "00",
    signing_key_id: "dd",
    counter: 1n,
    revision: 1,
    acknowledged_revision: 1,
    result,
  };
  const [from, to] = [1n, 2n];
  return {
    payments: [payment],
    postings: [{ ...shared, debit_account: from, credit_account: to, amount_minor: 500n }],
    accounts: [
      {
        ...account,
        account_id: from,
        holder: HOLDER,
        balance_minor: -500n,
        daily_amount_minor_max: 1_000n,
      },
      {
        ...account,
        account_id: to,
        holder: "ee",
        balance_minor: 500n,
        daily_amount_minor_max: null,
      },
    ],
  };
}

function soundHistory(paymentId: string, signed: SignedResult): History {
  const history = new History();
  const tried = history.add({
    client: "terminal",
    paymentId,
    merchantId: MERCHANT,
    plan: { kind: "SALE", totalMinor: 500n, acceptPartial: false, card: "visa", pin: "right" },
    startedAtMs: 0,
  });
  tried.recorded.add(RECORD);
  tried.told.push({
    atMs: 3_000,
    outcome: "APPROVED",
    recordNumber: RECORD,
    approvedMinor: 500n,
    responseCode: "00",
    signed,
    shown: ShownOutcome.APPROVED,
    display: { shown: ShownOutcome.APPROVED, lines: ["APPROVED", "5.00 EUR"] },
  });
  return history;
}
