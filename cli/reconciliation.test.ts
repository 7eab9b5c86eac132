import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, expect, test } from "vitest";
import { Certainty, Outcome, PaymentState } from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  LedgerAccountSchema,
  LedgerPaymentSchema,
} from "../gen/cardlane/processor/v1/processor_pb.ts";
import { ComparedRecordSchema } from "../gen/cardlane/relay/v1/relay_pb.ts";
import { TestKeys } from "../test/fixtures/keys.ts";
import { PaymentSigner } from "../test/fixtures/reader-payment.ts";
import { signedResult, withFlippedBit } from "../test/fixtures/signed-results.ts";
import { misbalanced, reconcile } from "./reconciliation.ts";

const NOW_MS = 1_767_225_600_000;
const BEFORE_MS = BigInt(NOW_MS - 60_000);

const keys = new TestKeys({ nowMs: NOW_MS });
afterAll(() => keys[Symbol.dispose]());

const signer = new PaymentSigner({ keys, nowMs: () => NOW_MS });
const payment = signer.sign();
const { merchantId } = keys.terminal;
const approved = signedResult(keys, payment.signed, { nowMs: NOW_MS });
const others = signedResult(keys, payment.signed, {
  nowMs: NOW_MS,
  result: { merchantId: "ANOTHERSHOP0001" },
});
const reversed = signedResult(keys, payment.signed, {
  nowMs: NOW_MS,
  result: { outcome: Outcome.REVERSED, approvedAmountMinor: 1_250n, revision: 2 },
});

type RecordInit = MessageInitShape<typeof ComparedRecordSchema>;
type PaymentInit = MessageInitShape<typeof LedgerPaymentSchema>;

const recordOf = (otherwise: RecordInit = {}) =>
  create(ComparedRecordSchema, {
    recordNumber: "A1TESTRECRD0",
    merchantId,
    paymentId: payment.paymentId,
    state: PaymentState.APPROVED,
    certainty: Certainty.FINAL,
    totalMinor: 1_250n,
    approvedAmountMinor: 1_250n,
    currency: 978,
    revision: 1,
    result: approved,
    completedAtMs: BEFORE_MS,
    ...otherwise,
  });

const SALE = {
  kind: "SALE",
  amountMinor: 1_250n,
  currency: 978,
  debitAccount: 7n,
  creditAccount: 9n,
};
const BACK = { ...SALE, kind: "REVERSAL", debitAccount: 9n, creditAccount: 7n };

const paymentOf = (otherwise: PaymentInit = {}) =>
  create(LedgerPaymentSchema, {
    recordNumber: "A1TESTRECRD0",
    merchantId,
    paymentId: payment.paymentId,
    state: PaymentState.APPROVED,
    totalMinor: 1_250n,
    approvedAmountMinor: 1_250n,
    currency: 978,
    revision: 1,
    result: approved,
    postings: [SALE],
    processorTimeMs: BEFORE_MS,
    ...otherwise,
  });

const undone = { state: PaymentState.REVERSED, revision: 2, result: reversed } as const;

const declined = {
  state: PaymentState.DECLINED,
  approvedAmountMinor: 0n,
  result: signedResult(keys, payment.signed, {
    nowMs: NOW_MS,
    result: { outcome: Outcome.DECLINED, approvedAmountMinor: 0n },
  }),
  postings: [],
};
/** After OWNED_ELSEWHERE or DUPLICATE_DIFFERS. */
const taken = { ...declined, certainty: Certainty.UNKNOWN, revision: 0, result: undefined };

async function* inPages<Entry>(entries: readonly Entry[]): AsyncGenerator<readonly Entry[]> {
  for (const entry of entries) yield [entry];
}

async function compared(
  records: readonly ReturnType<typeof recordOf>[],
  payments: readonly ReturnType<typeof paymentOf>[],
) {
  const { differences, ...counts } = await reconcile({
    records: inPages(records),
    payments: inPages(payments),
    manifest: keys.manifest,
    startedAtMs: NOW_MS,
  });
  return { ...counts, says: differences.map(({ says }) => says) };
}

test.each([
  { name: "approved by both", records: [recordOf()], payments: [paymentOf()] },
  {
    name: "reversed: the money moved back",
    records: [recordOf(undone)],
    payments: [paymentOf({ ...undone, postings: [SALE, BACK] })],
  },
  {
    name: "declined by the relay alone: the processor never took it",
    records: [
      create(ComparedRecordSchema, {
        merchantId,
        paymentId: payment.paymentId,
        state: PaymentState.DECLINED,
        certainty: Certainty.FINAL,
        completedAtMs: BEFORE_MS,
      }),
    ],
    payments: [],
  },
])("agree: $name", async ({ records, payments }) => {
  expect(await compared(records, payments)).toEqual({ compared: 1, open: 0, says: [] });
});

test.each([
  {
    name: "a record that the processor does not know",
    records: [recordOf()],
    payments: [],
    says: [
      "the relay says approved; the processor has no payment",
      "the relay has a signed result; the processor has no payment",
    ],
  },
  {
    name: "a payment that the relay does not know",
    records: [],
    payments: [paymentOf()],
    says: ["the relay has no record of it; the processor says approved"],
  },
  {
    name: "another state, signed for one of them only",
    records: [recordOf()],
    payments: [paymentOf({ ...undone, postings: [SALE, BACK] })],
    says: [
      "state: approved at the relay, reversed at the processor",
      "revision: 1 at the relay, 2 at the processor",
      "the signed result at the relay is not the processor's",
    ],
  },
  {
    name: "an end that the relay does not know: the processor had the id from elsewhere",
    records: [recordOf(taken)],
    payments: [paymentOf({ ...declined, recordNumber: "B2TESTRECRD0" })],
    says: [
      "state: unknown at the relay, declined at the processor",
      "record number: A1TESTRECRD0 at the relay, B2TESTRECRD0 at the processor",
      "revision: 0 at the relay, 1 at the processor",
      "the signed result at the relay is not the processor's",
    ],
  },
  {
    name: "an end that the relay does not know, and the processor has lost",
    records: [recordOf(taken)],
    payments: [],
    says: ["the relay says unknown; the processor has no payment"],
  },
  {
    name: "a state that was never signed",
    records: [recordOf({ ...undone, result: approved })],
    payments: [paymentOf({ ...undone, result: approved, postings: [SALE, BACK] })],
    says: ["signed: approved; the relay says reversed"],
  },
  {
    name: "amounts",
    records: [recordOf({ totalMinor: 1_300n, approvedAmountMinor: 1_300n })],
    payments: [paymentOf()],
    says: [
      "signed for 1250; the relay says 1300",
      "amount: 1300 at the relay, 1250 at the processor",
      "amount approved: 1300 at the relay, 1250 at the processor",
    ],
  },
  {
    name: "another merchant's result, on both sides",
    records: [recordOf({ result: others })],
    payments: [paymentOf({ result: others })],
    says: ["signed for merchant ANOTHERSHOP0001"],
  },
  {
    name: "a result with one bit changed, on both sides",
    records: [recordOf({ result: withFlippedBit(approved, 40) })],
    payments: [paymentOf({ result: withFlippedBit(approved, 40) })],
    says: ["the signed result at the relay does not verify"],
  },
  {
    name: "an approval that was never posted",
    records: [recordOf()],
    payments: [paymentOf({ postings: [] })],
    says: ["approved over 1250, posted: nothing"],
  },
  {
    name: "an approval that was posted twice",
    records: [recordOf()],
    payments: [paymentOf({ postings: [SALE, SALE] })],
    says: ["approved over 1250, posted: SALE 1250, SALE 1250"],
  },
  {
    name: "a reversal between other accounts",
    records: [recordOf(undone)],
    payments: [paymentOf({ ...undone, postings: [SALE, { ...BACK, creditAccount: 8n }] })],
    says: ["reversed over 1250, posted: SALE 1250, REVERSAL 1250"],
  },
])("differ: $name", async ({ records, payments, says }) => {
  expect(await compared(records, payments)).toMatchObject({ compared: 1, says });
});

test.each([
  {
    name: "not final",
    records: [recordOf({ state: PaymentState.REVERSING, certainty: Certainty.UNKNOWN })],
    payments: [],
  },
  { name: "final since", records: [recordOf({ completedAtMs: BigInt(NOW_MS) })], payments: [] },
  {
    name: "decided since",
    records: [],
    payments: [paymentOf({ processorTimeMs: BigInt(NOW_MS) })],
  },
])("left for the next time: $name", async ({ records, payments }) => {
  expect(await compared(records, payments)).toEqual({ compared: 0, open: 1, says: [] });
});

test("records and payments that only one side has do not hide the others", async () => {
  const [first, second, third] = [1, 2, 3].map(
    (last) => `00000000-0000-7000-8000-00000000000${last}`,
  );
  const records = [first, third].map((paymentId = "") => recordOf({ paymentId }));
  const payments = [second, third].map((paymentId = "") => paymentOf({ paymentId }));
  const { compared: count, says } = await compared(records, payments);
  expect(count).toBe(3);
  expect(says.filter((line) => line.includes("no "))).toHaveLength(3);
});

test("an account whose rows do not add up is named", async () => {
  const account = { accountId: 9n, kind: "MERCHANT", merchantId, currency: 978 };
  const right = create(LedgerAccountSchema, { ...account, balanceMinor: 5n, recomputedMinor: 5n });
  const wrong = create(LedgerAccountSchema, { ...account, balanceMinor: 6n, recomputedMinor: 5n });
  expect(await misbalanced(inPages([right, wrong]))).toEqual([
    { of: "account 9", says: `merchant ${merchantId} 978: kept 6, its postings give 5` },
  ]);
});
