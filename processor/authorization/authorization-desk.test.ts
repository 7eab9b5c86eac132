import { afterAll, beforeAll, expect, test } from "vitest";
import { PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { PaymentError } from "../../payment/errors.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import { type DeskBench, inBytes, inWords, openDeskBench } from "../../test/fixtures/desk.ts";
import type { PaymentWishes, ReaderSigned } from "../../test/fixtures/reader-payment.ts";
import { Database } from "../database.ts";
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
afterAll(() => bench[Symbol.asyncDispose]());

const APPROVED = "APPROVED 00 revision 1";
const DAY_MS = 86_400_000;

function submit(wishes: PaymentWishes = {}): IncomingPayment {
  return bench.incoming(bench.signer.sign({ pin: null, ...wishes }), wishes);
}

async function answers(
  desk: AuthorizationDesk,
  payments: readonly IncomingPayment[],
): Promise<readonly EntryAnswer[]> {
  return await Promise.all(payments.map((payment) => desk.authorize(payment)));
}

async function postingsOf({ context }: IncomingPayment): Promise<readonly string[]> {
  const rows = await bench.query<{ kind: string }>(
    "SELECT kind FROM processor.posting WHERE payment_id = $1 ORDER BY kind",
    [context.paymentId],
  );
  return rows.map(({ kind }) => kind);
}

/** Answers of each word, counted: `{ "APPROVED 00 revision 1": 10 }`. */
function tally(given: readonly EntryAnswer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of given.map(inWords)) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

test.each([
  { kind: PaymentKind.SALE, posted: ["SALE"] },
  { kind: PaymentKind.AUTHORIZATION, posted: ["AUTHORIZATION"] },
  { kind: PaymentKind.REFUND, posted: ["REFUND"] },
])("kind $kind posts $posted", async ({ kind, posted }) => {
  const payment = submit({ context: { kind } });
  expect(inWords(await one.authorize(payment))).toBe(APPROVED);
  expect(await postingsOf(payment)).toEqual(posted);
});

test("a declined payment is stored and posts nothing", async () => {
  const payment = submit({ card: "charge_declined_stolen_card" });
  expect(inWords(await one.authorize(payment))).toBe("DECLINED 43 revision 1");
  expect(inWords(await other.authorize(payment))).toBe("DECLINED 43 revision 1");
  expect(await postingsOf(payment)).toEqual([]);
});

test("the same payment several times in one batch is one payment with one answer", async () => {
  const payment = submit();
  const given = await answers(one, [payment, { ...payment }, { ...payment }]);
  expect(new Set(given.map(inBytes)).size).toBe(1);
  expect(await postingsOf(payment)).toEqual(["SALE"]);
});

test("payments that come to two processors at once are posted once, with one answer", async () => {
  const payments = Array.from({ length: 60 }, () => submit());
  const [here, there] = await Promise.all([
    answers(one, payments),
    answers(other, payments.toReversed()),
  ]);
  expect(here.map(inBytes)).toEqual(there.map(inBytes).toReversed());
  expect(tally(here)).toEqual({ [APPROVED]: 60 });
  for (const payment of payments) expect(await postingsOf(payment)).toEqual(["SALE"]);
});

test("a repeat gets the first answer even when it could not be verified any more", async () => {
  const payment = submit();
  const first = await one.authorize(payment);
  const refusal = new PaymentError("CERTIFICATE_REJECTED", "reader certificate rejected");
  expect(inBytes(await other.authorize({ ...payment, refusal }))).toBe(inBytes(first));
});

test("the same id with other bytes is refused", async () => {
  const payment = submit();
  await one.authorize(payment);
  const digest = payment.digest.map((byte) => byte ^ 1);
  expect(inWords(await other.authorize({ ...payment, digest }))).toBe("DUPLICATE_DIFFERS");
  await bench.releaseReader();
});

test("the same payment from another relay is refused", async () => {
  const payment = submit();
  await one.authorize(payment);
  expect(inWords(await other.authorize({ ...payment, relayId: "B2" }))).toBe("OWNED_ELSEWHERE");
});

test("a counter that was used is refused, in one batch and between processors", async () => {
  const [first, second, third] = [submit(), submit(), submit()];
  const reused = { ...second, content: first.content };
  const given = await answers(one, [first, reused]);
  expect(given.map(inWords)).toEqual([APPROVED, "COUNTER_REUSED"]);
  const later = await other.authorize({ ...third, content: first.content });
  expect(inWords(later)).toBe("COUNTER_REUSED");
  await bench.releaseReader();
});

test("what is left on a card is spent exactly, by two processors at once", async () => {
  const card = "mastercard";
  await bench.putCard(card, { creditMinor: 10_000n });
  const wishes = { card, totalMinor: 1_000n };
  const payments = Array.from({ length: 40 }, () => submit(wishes));
  const given = await Promise.all([
    answers(one, payments.slice(0, 20)),
    answers(other, payments.slice(20)),
  ]);
  expect(tally(given.flat())).toEqual({ [APPROVED]: 10, "DECLINED 51 revision 1": 30 });
});

test.each([
  { card: "amex", limit: { dailyAmountMinorMax: 5_000n }, code: "61" },
  { card: "discover", limit: { dailyCountMax: 5 }, code: "65" },
])("the day's limit $code of $card holds for two processors at once", async (row) => {
  await bench.putCard(row.card, row.limit);
  const payments = Array.from({ length: 20 }, () => submit({ card: row.card, totalMinor: 1_000n }));
  const given = await Promise.all([
    answers(one, payments.slice(0, 10)),
    answers(other, payments.slice(10)),
  ]);
  expect(tally(given.flat())).toEqual({ [APPROVED]: 5, [`DECLINED ${row.code} revision 1`]: 15 });
});

test("a day that has not come is forgotten once the ledger's clock is right", async () => {
  const card = "diners";
  await bench.putCard(card, { dailyAmountMinorMax: 1_000n });
  const outcome = async () => inWords(await one.authorize(submit({ card, totalMinor: 1_000n })));
  await bench.putForward(365 * DAY_MS);
  expect([await outcome(), await outcome()]).toEqual([APPROVED, "DECLINED 61 revision 1"]);
  await bench.putForward(-365 * DAY_MS);
  expect([await outcome(), await outcome()]).toEqual([APPROVED, "DECLINED 61 revision 1"]);
  await bench.putForward(DAY_MS);
  expect([await outcome(), await outcome()]).toEqual([APPROVED, "DECLINED 61 revision 1"]);
  await bench.putForward(-DAY_MS);
});

test.each([
  { way: "back", durationMs: -DAY_MS, card: "mastercard_debit" },
  { way: "forward", durationMs: DAY_MS, card: "mastercard_prepaid" },
])("the day's limit holds while processors do not know of a ledger put $way", async (row) => {
  const { card, durationMs } = row;
  await bench.putCard(card, { dailyCountMax: 1 });
  const outcome = async () => inWords(await one.authorize(submit({ card, totalMinor: 1_000n })));
  const declined = "DECLINED 65 revision 1";
  expect([await outcome(), await outcome()]).toEqual([APPROVED, declined]);
  await bench.putLedgerForward(durationMs);
  // A day that begins again has its limits again, once.
  expect([await outcome(), await outcome(), await outcome()]).toEqual([
    APPROVED,
    declined,
    declined,
  ]);
  await bench.putLedgerForward(-durationMs);
});

test("a payment of a day that came twice can be undone", async () => {
  const card = "unionpay";
  await bench.putCard(card, { dailyAmountMinorMax: 100_000n });
  const pay = async (payment: ReaderSigned) =>
    inWords(await one.authorize(bench.incoming(payment, { card })));
  const signed = (totalMinor: bigint) => bench.signer.sign({ card, totalMinor, pin: null });
  await bench.putForward(DAY_MS);
  const first = signed(9_000n);
  expect(await pay(first)).toBe(APPROVED);
  await bench.putForward(-DAY_MS);
  expect(await pay(signed(1_000n))).toBe(APPROVED);
  await bench.putForward(DAY_MS);
  expect(await pay(signed(1_000n))).toBe(APPROVED);
  const order = bench.reversal(first);
  const { span } = bench.incoming(first);
  const undone = await bench.newDesks().reversals.reverse({ order, span });
  expect(inWords(undone)).toBe("REVERSED 68 revision 2");
  await bench.putForward(-DAY_MS);
});

test("one row that the database refuses harms no other of its batch", async () => {
  const payments = Array.from({ length: 9 }, () => submit());
  const poisoned = payments[4]?.context.paymentId;
  await bench.query(`ALTER TABLE processor.payment
    ADD CONSTRAINT poison CHECK (payment_id <> '${poisoned}')`);
  const given = await Promise.allSettled(payments.map((one_) => one.authorize(one_)));
  await bench.query("ALTER TABLE processor.payment DROP CONSTRAINT poison");
  expect(given.map(({ status }) => status)).toEqual(
    payments.map((_, index) => (index === 4 ? "rejected" : "fulfilled")),
  );
});

test("accounts in a new currency open by themselves, at two processors at once", async () => {
  const wishes = { card: "jcb", context: { currency: 840 } };
  const payments = Array.from({ length: 10 }, () => submit(wishes));
  const given = await Promise.all([
    answers(one, payments.slice(0, 5)),
    answers(other, payments.slice(5)),
  ]);
  expect(tally(given.flat())).toEqual({ [APPROVED]: 10 });
});

test.each([
  { name: "a suspended relay", table: "relay", code: "NOT_PERMITTED" },
  { name: "a suspended reader", table: "reader", code: "READER_NOT_ACTIVE" },
  { name: "a suspended terminal", table: "terminal", code: "TERMINAL_NOT_ACTIVE" },
])("refuses $name from the next payment on", async ({ table, code }) => {
  await bench.query(`UPDATE processor.${table} SET state = 'SUSPENDED'`);
  const refused = await other.authorize(submit());
  await bench.query(`UPDATE processor.${table} SET state = 'ACTIVE'`);
  expect(inWords(refused)).toBe(code);
  expect(inWords(await other.authorize(submit()))).toBe(APPROVED);
});

test.each([
  {
    name: "a currency that the merchant does not take",
    context: { currency: 756 },
    code: "CURRENCY_NOT_ACCEPTED",
  },
  {
    name: "a payment that was kept for too long",
    context: { submitBeforeMs: BigInt(systemClock.nowMs() - 600_000) },
    code: "SUBMITTED_TOO_LATE",
  },
  {
    name: "a payment of a reader that is a year fast",
    context: { readerTimeMs: BigInt(systemClock.nowMs() + 365 * DAY_MS) },
    code: "CLOCK_WRONG",
  },
  {
    name: "an unknown reader",
    context: { readerCertificateId: new Uint8Array(8) },
    code: "READER_UNKNOWN",
  },
  {
    name: "an unknown terminal",
    context: { terminalCertificateId: new Uint8Array(8) },
    code: "TERMINAL_UNKNOWN",
  },
  {
    name: "a retry of a payment that never was",
    context: { previousPaymentId: new Uint8Array(16).fill(7) },
    code: "WRONG_STATE",
  },
])("refuses $name", async ({ context, code }) => {
  expect(inWords(await one.authorize(submit({ context })))).toBe(code);
});

test.each([
  { name: "the same amount", wishes: {}, word: APPROVED },
  { name: "another amount", wishes: { totalMinor: 1_251n }, word: "WRONG_STATE" },
  { name: "another kind", wishes: { context: { kind: PaymentKind.REFUND } }, word: "WRONG_STATE" },
])("a wrong PIN may be tried again for $name", async ({ wishes, word }) => {
  const first = submit();
  expect(inWords(await one.authorize({ ...first, pin: "WRONG" }))).toBe("DECLINED 55 revision 1");
  const previousPaymentId = paymentIdToBytes(first.context.paymentId);
  const retry = submit({ ...wishes, context: { ...wishes.context, previousPaymentId } });
  expect(inWords(await other.authorize(retry))).toBe(word);
});

test("an approved payment is not tried again", async () => {
  const first = submit();
  await one.authorize(first);
  const previousPaymentId = paymentIdToBytes(first.context.paymentId);
  expect(inWords(await one.authorize(submit({ context: { previousPaymentId } })))).toBe(
    "WRONG_STATE",
  );
});

test.each(["UPDATE processor.posting SET amount_minor = 1", "DELETE FROM processor.posting"])(
  "postings are only ever added: %s",
  async (statement) => {
    await expect(bench.query(statement)).rejects.toThrow("postings are only ever added");
  },
);

test("without its database nothing is answered as if it were stored", async () => {
  const url = "postgresql://nobody:nothing@127.0.0.1:1/none";
  await using unreachable = new Database({ url, program: "test" });
  const { authorizations } = bench.newDesks(unreachable);
  await expect(authorizations.authorize(submit())).rejects.toMatchObject({
    code: "STORE_NOT_REACHED",
  });
});
