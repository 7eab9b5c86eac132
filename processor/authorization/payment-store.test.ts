import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../mesh/clock.ts";
import { nodeCurves } from "../../sealing/curves/node-curves.ts";
import { type DeskBench, openDeskBench } from "../../test/fixtures/desk.ts";
import { keyText, type NewPayment } from "../payments/payment-row.ts";
import { ReversalStore } from "../reversal/reversal-store.ts";
import { reversedPayment } from "../reversal/reversed-payment.ts";
import { decideBatch } from "./decide-batch.ts";
import type { IncomingPayment } from "./incoming-payment.ts";
import { newPayment } from "./new-payment.ts";
import { incomingParameters, READ_STATEMENT } from "./payment-store.ts";

let bench: DeskBench;
const resultSigner = nodeCurves.signer(new Uint8Array(32).fill(1));

beforeAll(async () => {
  bench = await openDeskBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

function submit(card: string, totalMinor: bigint): IncomingPayment {
  return bench.incoming(bench.signer.sign({ pin: null, card, totalMinor }), { card });
}

/** What a processor would write that has read before any other has written. */
async function decidedOnTheSameFacts(
  payments: readonly IncomingPayment[],
): Promise<readonly NewPayment[]> {
  await bench.payments.openAccounts(payments);
  const facts = await bench.payments.read(payments);
  const nowMs = systemClock.nowMs();
  return payments.flatMap((payment, index) => {
    const [verdict] = decideBatch([payment], facts.slice(index, index + 1), nowMs, 0);
    const parts = {
      retrievalReference: "0",
      nowMs,
      signer: resultSigner,
      random: bench.keys.random,
    };
    return verdict?.kind === "decided" ? [newPayment(verdict, parts)] : [];
  });
}

/** By a registry that nobody changes meanwhile. */
async function write(payments: readonly NewPayment[]) {
  const [row] = await bench.query<{ revision: bigint }>(
    "SELECT revision FROM processor.registry_revision",
    [],
  );
  return await bench.payments.write(payments, row?.revision ?? 0n);
}

test.each([
  { limit: "what is left", card: "visa", changes: { creditMinor: 1_000n } },
  { limit: "the day's amount", card: "amex", changes: { dailyAmountMinorMax: 1_000n } },
  { limit: "the day's count", card: "jcb", changes: { dailyCountMax: 1 } },
])("of two that each would use up $limit the later writes nothing", async (row) => {
  await bench.putCard(row.card, row.changes);
  const payments = await decidedOnTheSameFacts([
    submit(row.card, 1_000n),
    submit(row.card, 1_000n),
  ]);
  expect(payments.map(({ row: { state } }) => state)).toEqual(["APPROVED", "APPROVED"]);
  const written = await Promise.all(payments.map((payment) => write([payment])));
  expect(written.filter((keys) => keys === undefined)).toHaveLength(1);
  expect(written.filter((keys) => keys?.size === 1)).toHaveLength(1);
});

test("a batch that goes too far together writes none of itself", async () => {
  await bench.putCard("diners", { creditMinor: 1_500n });
  const payments = await decidedOnTheSameFacts([
    submit("diners", 1_000n),
    submit("diners", 1_000n),
  ]);
  expect(await write(payments)).toBeUndefined();
  const ids = payments.map(({ row }) => row.paymentId);
  const rows = await bench.query("SELECT FROM processor.payment WHERE payment_id = ANY ($1)", [
    ids,
  ]);
  expect(rows).toHaveLength(0);
});

test("a payment that is there already is not among those written, and posts no more", async () => {
  const payments = await decidedOnTheSameFacts([submit("discover", 1n), submit("discover", 2n)]);
  const keys = payments.map(({ row }) => keyText(row));
  expect(await write(payments.slice(0, 1))).toEqual(new Set(keys.slice(0, 1)));
  expect(await write(payments)).toEqual(new Set(keys.slice(1)));
  const [row] = await bench.query<{ spent: bigint }>(
    "SELECT sum(amount_minor)::bigint AS spent FROM processor.posting WHERE payment_id = ANY ($1)",
    [payments.map((payment) => payment.row.paymentId)],
  );
  expect(row?.spent).toBe(3n);
});

test("of two payments with one counter the later is not written, and posts nothing", async () => {
  const [first, other] = [submit("jcb", 1n), submit("jcb", 2n)];
  const second = { ...other, content: first.content };
  const [one = [], two = []] = await Promise.all(
    [first, second].map((payment) => decidedOnTheSameFacts([payment])),
  );
  expect((await write(one))?.size).toBe(1);
  expect((await write(two))?.size).toBe(0);
  const postings = await bench.query("SELECT 1 FROM processor.posting WHERE payment_id = $1", [
    other.context.paymentId,
  ]);
  expect(postings).toEqual([]);
});

test("a reversal that another or an acknowledgement overtook writes nothing", async () => {
  const store = new ReversalStore(bench.database);
  const payment = submit("unionpay", 500n);
  const decided = await decidedOnTheSameFacts([payment]);
  await write(decided);
  const order = {
    merchantId: payment.context.merchantId,
    paymentId: payment.context.paymentId,
    digest: payment.digest,
    relayId: payment.relayId,
    recordNumber: payment.recordNumber,
    original: undefined,
    isUnlessApproved: false,
  };
  const [found] = await store.read([order]);
  const moment = { nowMs: systemClock.nowMs(), settlementDate: 20_260_101, signer: resultSigner };
  const reversals = found === undefined ? [] : [reversedPayment(order, found, moment)];
  const written = await Promise.all([
    store.write({ tombstones: [], reversals }),
    store.write({ tombstones: [], reversals }),
  ]);
  expect(written.map(({ size }) => size).toSorted()).toEqual([0, 1]);
  expect(decided[0]?.row.approvedMinor).toBe(500n);

  const kept = await decidedOnTheSameFacts([submit("unionpay", 500n)]);
  await write(kept);
  const keptOrder = { ...order, paymentId: kept[0]?.row.paymentId ?? order.paymentId };
  const [keptFound] = await store.read([keptOrder]);
  await bench.payments.acknowledge([{ ...keptOrder, revision: 1 }]);
  const late = keptFound === undefined ? [] : [reversedPayment(keptOrder, keptFound, moment)];
  expect(late).toHaveLength(1);
  expect((await store.write({ tombstones: [], reversals: late })).size).toBe(0);
});

interface PlanNode {
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly Plans?: readonly PlanNode[];
}

/** Rows that the busiest node of a plan gave to the one above it. */
function busiest(node: PlanNode): number {
  const own = node["Actual Rows"] * node["Actual Loops"];
  return Math.max(own, ...(node.Plans ?? []).map(busiest));
}

test("what a batch needs is found without walking through the accounts of others", async () => {
  const payments = Array.from({ length: 20 }, () => submit("visa", 1n));
  await bench.payments.openAccounts(payments);
  // Not analyzed yet: PostgreSQL takes them for a few.
  await bench.query(`INSERT INTO processor.account (kind, holder, currency)
    SELECT 'MERCHANT', convert_to('M' || n, 'UTF8'), 978 FROM generate_series(1, 3000) AS n`);
  const { name, text } = READ_STATEMENT;
  const [row] = await bench.database.run<{ "QUERY PLAN": readonly [{ Plan: PlanNode }] }>(
    { name: `explain.${name}`, text: `EXPLAIN (ANALYZE, FORMAT JSON) ${text}` },
    incomingParameters.values(payments),
  );
  const plan = row?.["QUERY PLAN"][0].Plan;
  expect(plan?.["Actual Rows"]).toBe(payments.length);
  expect(plan && busiest(plan)).toBe(payments.length);
});
