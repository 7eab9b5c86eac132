import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../mesh/clock.ts";
import { noTelemetry } from "../../mesh/tracing/telemetry.ts";
import { PaymentError } from "../../payment/errors.ts";
import { nodeCurves } from "../../sealing/curves/node-curves.ts";
import { type DeskBench, inBytes, inWords, openDeskBench } from "../../test/fixtures/desk.ts";
import type { ReaderSigned } from "../../test/fixtures/reader-payment.ts";
import { HeldReversalStore } from "./held-reversal-store.ts";
import { HeldReversals } from "./held-reversals.ts";
import { ReversalStore } from "./reversal-store.ts";
import { reversedPayment } from "./reversed-payment.ts";

const signer = nodeCurves.signer(new Uint8Array(32).fill(1));
const HOUR_MS = 3_600_000;
const APPROVED = "APPROVED 00 revision 1";
const REVERSED = "REVERSED 68 revision 2";

let bench: DeskBench;
let desks: ReturnType<DeskBench["newDesks"]>;
let others: ReturnType<DeskBench["newDesks"]>;
let held: HeldReversals;

beforeAll(async () => {
  bench = await openDeskBench();
  desks = bench.newDesks();
  others = bench.newDesks();
  held = new HeldReversals({
    store: new HeldReversalStore(bench.database),
    desk: others.reversals,
    clock: systemClock,
    telemetry: noTelemetry,
  });
});
afterEach(() => setRelay("ACTIVE"));
afterAll(() => bench[Symbol.asyncDispose]());

async function approved(): Promise<ReaderSigned> {
  const payment = bench.signer.sign({ pin: null });
  expect(inWords(await desks.authorizations.authorize(bench.incoming(payment)))).toBe(APPROVED);
  return payment;
}

function reverse(payment: ReaderSigned, at = desks) {
  const span = bench.incoming(payment).span;
  return at.reversals.reverse({ order: bench.reversal(payment), span });
}

const words = async (payment: ReaderSigned, at = desks) => inWords(await reverse(payment, at));

function keyOf(payment: ReaderSigned) {
  const { merchantId, paymentId } = bench.reversal(payment);
  return { merchantId, paymentId };
}

async function setRelay(state: "ACTIVE" | "SUSPENDED"): Promise<void> {
  await bench.query("UPDATE processor.relay SET state = $1", [state]);
}

/** Approved so long ago, by the processor's clock. */
async function age({ paymentId }: ReaderSigned, byMs: number): Promise<void> {
  await bench.query(
    `UPDATE processor.payment SET processor_time_ms = processor_time_ms - $2::bigint
     WHERE payment_id = $1`,
    [paymentId, byMs],
  );
}

async function waiting(payment: ReaderSigned) {
  const { page } = await held.list(500);
  return page.find(({ paymentId }) => paymentId === payment.paymentId);
}

async function suspended(): Promise<ReaderSigned> {
  const payment = await approved();
  await setRelay("SUSPENDED");
  expect(await words(payment)).toBe("REVERSAL_HELD");
  return payment;
}

test("an order of a suspended relay waits, and is told to an operator once", async () => {
  const before = bench.events.length;
  const payment = await suspended();
  expect(await words(payment, others)).toBe("REVERSAL_HELD");
  expect(bench.events.slice(before)).toEqual([expect.stringMatching(/^reversal_held A1/)]);
  expect(await waiting(payment)).toMatchObject({
    ...keyOf(payment),
    relayId: bench.keys.relay.relayId,
    reason: "RELAY_NOT_ACTIVE",
    approvedAmountMinor: 1_250n,
    currency: 978,
  });
  expect((await held.list(500)).total).toBeGreaterThan(0n);
});

test("it goes through when the relay is active again, and waits for nobody any more", async () => {
  const payment = await suspended();
  await setRelay("ACTIVE");
  expect(await words(payment)).toBe(REVERSED);
  expect(await waiting(payment)).toBeUndefined();
});

test("an order that came in time stays in time, however long its relay is suspended", async () => {
  const payment = await suspended();
  const { paymentId } = payment;
  const text = `UPDATE processor.held_reversal SET ordered_at_ms = ordered_at_ms - 360000000
    WHERE payment_id = $1`;
  await bench.query(text, [paymentId]);
  await age(payment, 100 * HOUR_MS);
  await setRelay("ACTIVE");
  expect(await words(payment)).toBe(REVERSED);
});

test.each([
  { hours: 23, word: REVERSED },
  { hours: 25, word: "REVERSAL_HELD" },
])("an order that comes after $hours hours: $word", async ({ hours, word }) => {
  const payment = await approved();
  await age(payment, hours * HOUR_MS);
  expect(await words(payment)).toBe(word);
  expect((await waiting(payment))?.reason).toBe(word === REVERSED ? undefined : "LATE");
});

test("what is released is undone at once, once, and the relay hears it", async () => {
  const payment = await suspended();
  expect(await held.decide(keyOf(payment), "RELEASE")).toBe("REVERSED");
  expect(await held.decide(keyOf(payment), "RELEASE")).toBe("REVERSED");
  expect(await held.decide(keyOf(payment), "REFUSE")).toBe("REVERSED");
  expect(await waiting(payment)).toBeUndefined();
  expect(await words(payment)).toBe(REVERSED);
});

test("what is refused stays approved for good: its relay gets the result it has", async () => {
  const payment = await approved();
  await age(payment, 25 * HOUR_MS);
  const first = await desks.authorizations.authorize(bench.incoming(payment));
  expect(await words(payment)).toBe("REVERSAL_HELD");
  expect(await held.decide(keyOf(payment), "REFUSE")).toBe("APPROVED");
  expect(await held.decide(keyOf(payment), "RELEASE")).toBe("APPROVED");
  expect(inBytes(await reverse(payment))).toBe(inBytes(first));
  expect(await waiting(payment)).toBeUndefined();
});

test("what the relay has acknowledged is not undone, not even by an operator", async () => {
  const payment = await suspended();
  const { merchantId, paymentId, relayId } = bench.reversal(payment);
  await bench.payments.acknowledge([{ merchantId, paymentId, relayId, revision: 1 }]);
  expect(await waiting(payment)).toBeUndefined();
  expect(await held.decide(keyOf(payment), "RELEASE")).toBe("APPROVED");
  expect(await words(payment)).toBe(APPROVED);
});

test("a relay that is suspended between reading and writing undoes nothing", async () => {
  const payment = await approved();
  const order = bench.reversal(payment);
  const store = new ReversalStore(bench.database);
  const [found] = await store.read([order]);
  if (found === undefined) throw new Error("bug: the payment was approved");
  await setRelay("SUSPENDED");
  const moment = { nowMs: systemClock.nowMs(), settlementDate: 20260101, signer };
  const reversals = [reversedPayment(order, found, moment)];
  expect(await store.write({ tombstones: [], reversals })).toEqual(new Set());
  expect(await words(payment)).toBe("REVERSAL_HELD");
});

test("a tombstone waits for nobody: it undoes nothing", async () => {
  await setRelay("SUSPENDED");
  expect(await words(bench.signer.sign({ pin: null }))).toBe("REVERSED 68 revision 1");
});

test("nothing can be decided about an order that was not held", async () => {
  const payment = await approved();
  const refusal = await held.decide(keyOf(payment), "RELEASE").catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(PaymentError);
  expect((refusal as PaymentError).code).toBe("PAYMENT_NOT_FOUND");
});
