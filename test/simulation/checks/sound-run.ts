import { create } from "@bufbuild/protobuf";
import {
  AmountsSchema,
  Certainty,
  PaymentKind,
  PaymentState,
} from "../../../gen/cardlane/payment/v1/payment_pb.ts";
import { ShownOutcome } from "../../../gen/cardlane/reader/v1/reader_pb.ts";
import { CompletedSchema } from "../../../gen/cardlane/relay/v1/relay_pb.ts";
import {
  type PaymentReport,
  PaymentReportSchema,
} from "../../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { type PaymentId, paymentIdToBytes } from "../../../payment/identifiers.ts";
import { EUR } from "../people/draw-order.ts";
import type { AccountEnd, FinalState, PaymentEnd, PostingEnd, RecordEnd } from "./final-state.ts";
import { Observations } from "./observations.ts";

// What a run without a fault leaves behind, and how a test breaks it.

export const [SOLD, HELD, REFUNDED] = [
  "01a2063e-0000-7000-8000-000000000001",
  "01a2063e-0000-7000-8000-000000000002",
  "01a2063e-0000-7000-8000-000000000003",
] as const;
export const DAY = 20260101;
export const [CARD, SHOP, HOLD] = [1n, 2n, 3n];

const UNLIMITED = { credit_minor: null, daily_amount_minor_max: null, daily_count_max: null };
const account = { ...UNLIMITED, spent_day: 0, spent_minor: 0n, spent_count: 0 };
const ACCOUNTS: readonly AccountEnd[] = [
  {
    account_id: CARD,
    kind: "CARDHOLDER",
    balance_minor: -1_300n,
    credit_minor: 1_500n,
    daily_amount_minor_max: 1_500n,
    daily_count_max: 2,
    spent_day: DAY,
    spent_minor: 1_500n,
    spent_count: 2,
  },
  { account_id: SHOP, kind: "MERCHANT", balance_minor: 800n, ...account },
  { account_id: HOLD, kind: "CLEARING", balance_minor: 500n, ...account },
];

/** A sale of 10.00 after a wrong PIN, a hold of 5.00 and a refund of 2.00, all with one card. */
export function soundRun() {
  const result = Buffer.from("signed");
  const payment = (id: string, change: Partial<PaymentEnd>): PaymentEnd => ({
    payment_id: id,
    record_number: `number of ${id}`,
    relay_id: "A1",
    reader_serial: "SIM-0001",
    digest: `digest ${id.slice(-1)}`,
    kind: "SALE",
    state: "APPROVED",
    response_code: "00",
    total_minor: 1_000n,
    approved_minor: 1_000n,
    result,
    ...change,
  });
  const payments = [
    payment(SOLD, {}),
    payment(HELD, { kind: "AUTHORIZATION", state: "AUTHORIZED", ...both(500n) }),
    payment(REFUNDED, { kind: "REFUND", ...both(200n) }),
  ];
  const end: Changeable<FinalState> = {
    payments,
    records: payments.map(recordOf),
    recordsElsewhere: [],
    postings: [
      posting(SOLD, "SALE", [CARD, SHOP], 1_000n),
      posting(HELD, "AUTHORIZATION", [CARD, HOLD], 500n),
      posting(REFUNDED, "REFUND", [SHOP, CARD], 200n),
    ],
    accounts: ACCOUNTS.map((account) => ({ ...account })),
    verdicts: [
      { digest: "digest 9", verdict: "WRONG", tries_left: 2 },
      ...payments.map(({ digest }) => ({ digest, verdict: "VERIFIED", tries_left: 3 })),
    ],
    cards: [{ last_four: "4242", tries_left: 3 }],
    notifications: [],
    jobs: [],
  };
  const seen = new Observations();
  for (const one of payments) {
    seeAsked(seen, one.payment_id, one.digest, one.total_minor);
    seen.recordedAtMs.set(one.record_number, 1_000);
    seen.completedAtMs.set(one.record_number, 1_050);
  }
  seeAsked(seen, "mistyped", "digest 9", 1_000n, { isPinRight: false });
  seen.reports.push(
    create(PaymentReportSchema, {
      paymentId: SOLD,
      certainty: Certainty.FINAL,
      state: PaymentState.APPROVED,
      shown: ShownOutcome.APPROVED,
      result: { approvedAmountMinor: 1_000n },
      signedResult: { result },
    }),
  );
  seen.shown.set("sold", { reader: "SIM-0001", text: "APPROVED 10.00 EUR" });
  return { end, seen };
}

type Changeable<Whole> = { -readonly [Part in keyof Whole]: Mutable<Whole[Part]> };
type Mutable<Items> = Items extends readonly (infer Item)[]
  ? { -readonly [P in keyof Item]: Item[P] }[]
  : Items;
export type SoundRun = ReturnType<typeof soundRun>;

function both(amount: bigint) {
  return { total_minor: amount, approved_minor: amount };
}

function recordOf(payment: PaymentEnd): RecordEnd {
  return {
    record_number: payment.record_number,
    relay_id: payment.relay_id,
    payment_id: payment.payment_id,
    digest: payment.digest,
    state: payment.state,
    total_minor: payment.total_minor,
    approved_amount_minor: payment.approved_minor,
    result: payment.result,
    has_sealed_data: false,
    is_told: false,
  };
}

export function posting(
  id: string,
  kind: string,
  [debit, credit]: readonly [bigint, bigint],
  amount: bigint,
): PostingEnd {
  return {
    payment_id: id,
    kind,
    debit_account: debit,
    credit_account: credit,
    amount_minor: amount,
    settlement_date: DAY,
    transaction: BigInt(id.at(-1) ?? ""),
  };
}

export function change<Item>(items: Item[], index: number, changed: Partial<Item>): void {
  items[index] = { ...(items[index] as Item), ...changed };
}

export function changeReport({ reports }: Observations, changed: Partial<PaymentReport>): void {
  Object.assign(reports[0] ?? {}, changed);
}

export function seeAsked(
  seen: Observations,
  id: string,
  digest: string,
  totalMinor: bigint,
  { isPinRight = true, acceptPartial = false } = {},
): void {
  const amounts = create(AmountsSchema, { totalMinor });
  const request = { kind: PaymentKind.SALE, amounts, currency: EUR, acceptPartial };
  seen.asked.set(id, { request, card: "visa", isPinRight });
  seen.submitted.set(id as never, new Set([digest]));
}

/** A relay says how a payment ended. */
export function tellCompleted(
  seen: Observations,
  record: RecordEnd | undefined,
  state: PaymentState,
): void {
  if (record === undefined) throw new Error("bug: there is no such record");
  const paymentId = paymentIdToBytes(record.payment_id as PaymentId);
  seen.completed.push(
    create(CompletedSchema, { paymentId, recordNumber: record.record_number, state }),
  );
}

/** The first record once more, at another relay. */
export function elsewhere({ records }: SoundRun["end"], changed: Partial<RecordEnd>): RecordEnd {
  const [record] = records;
  if (record === undefined) throw new Error("bug: a sound run has records");
  return { ...record, record_number: "another number", relay_id: "B1", ...changed };
}
