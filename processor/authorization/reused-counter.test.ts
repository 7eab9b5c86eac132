import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { PaymentError } from "../../payment/errors.ts";
import { type DeskBench, inBytes, inWords, openDeskBench } from "../../test/fixtures/desk.ts";
import type { EntryAnswer } from "../payments/entry-answer.ts";
import type { AuthorizationDesk } from "./authorization-desk.ts";
import type { IncomingPayment } from "./incoming-payment.ts";

let bench: DeskBench;
let one: AuthorizationDesk;
let other: AuthorizationDesk;

beforeAll(async () => {
  bench = await openDeskBench();
  one = bench.newDesks().authorizations;
  other = bench.newDesks().authorizations;
});
afterEach(() => bench.releaseReader());
afterAll(() => bench[Symbol.asyncDispose]());

const APPROVED = "APPROVED 00 revision 1";

function submit(): IncomingPayment {
  return bench.incoming(bench.signer.sign({ pin: null }));
}

/** What a copy of the reader signs: other bytes under a counter that the original has used. */
function copyOf({ content }: IncomingPayment): IncomingPayment {
  return { ...submit(), content };
}

async function answers(
  desk: AuthorizationDesk,
  payments: readonly IncomingPayment[],
): Promise<readonly string[]> {
  return (await Promise.all(payments.map((payment) => desk.authorize(payment)))).map(inWords);
}

async function readerState(): Promise<string | undefined> {
  const [row] = await bench.query<{ state: string }>("SELECT state FROM processor.reader");
  return row?.state;
}

/** What operators have heard since the last call. */
let heard = 0;
function news(): readonly string[] {
  const events = bench.events.slice(heard);
  heard = bench.events.length;
  return events;
}

test("a reader that used a counter twice is suspended until an operator registers it", async () => {
  const [original, next, later] = [submit(), submit(), submit()];
  expect(await answers(one, [original])).toEqual([APPROVED]);
  const copy = copyOf(original);
  expect(await answers(one, [copy])).toEqual(["COUNTER_REUSED"]);
  expect(await readerState()).toBe("SUSPENDED");
  expect(news()).toEqual([`reader_suspended ${bench.keys.reader.serial}`]);
  expect(await answers(other, [next])).toEqual(["READER_NOT_ACTIVE"]);
  // The same bytes get the same answer; nobody hears of it a second time.
  expect(await answers(other, [copy, original])).toEqual(["COUNTER_REUSED", APPROVED]);
  expect(news()).toEqual([]);
  await bench.releaseReader();
  expect(await answers(other, [next, later])).toEqual([APPROVED, APPROVED]);
});

test("of a pair that comes in one batch the second one, and all after it", async () => {
  const [original, third] = [submit(), submit()];
  const given = await answers(one, [original, copyOf(original), third]);
  expect(given).toEqual([APPROVED, "COUNTER_REUSED", "READER_NOT_ACTIVE"]);
  expect(news()).toHaveLength(1);
});

test("a pair at two processors at once: one is approved, and the reader suspended", async () => {
  const original = submit();
  const [first = [], second = []] = await Promise.all([
    answers(one, [original]),
    answers(other, [copyOf(original)]),
  ]);
  expect([...first, ...second].toSorted()).toEqual([APPROVED, "COUNTER_REUSED"].toSorted());
  expect(await readerState()).toBe("SUSPENDED");
  expect(news()).toHaveLength(1);
});

test("other bytes under the same id and counter are no repeat", async () => {
  const original = submit();
  await one.authorize(original);
  const digest = original.digest.map((byte) => byte ^ 1);
  expect(await answers(one, [{ ...original, digest }])).toEqual(["DUPLICATE_DIFFERS"]);
  expect(await readerState()).toBe("SUSPENDED");
  expect(news()).toHaveLength(1);
});

test("the same bytes again, in one batch and later, say nothing against a reader", async () => {
  const payment = submit();
  const given: EntryAnswer[] = await Promise.all([one.authorize(payment), one.authorize(payment)]);
  given.push(await other.authorize(payment));
  expect(new Set(given.map(inBytes)).size).toBe(1);
  expect(await readerState()).toBe("ACTIVE");
  expect(news()).toEqual([]);
});

test("a payment that could not be opened suspends nobody", async () => {
  const original = submit();
  await one.authorize(original);
  const refusal = new PaymentError("SIGNATURE_REJECTED", "payment signature rejected");
  const forged = { ...copyOf(original), content: undefined, refusal };
  expect(await answers(one, [forged])).toEqual(["SIGNATURE_REJECTED"]);
  expect(await readerState()).toBe("ACTIVE");
});

test("what was read before the suspension is not approved after it", async () => {
  const original = submit();
  await one.authorize(original);
  const payment = submit();
  const early = { ...(await one.read(payment)), readAtMs: Number.POSITIVE_INFINITY };
  await other.authorize(copyOf(original));
  expect(await answers(one, [{ ...payment, early }])).toEqual(["READER_NOT_ACTIVE"]);
});
