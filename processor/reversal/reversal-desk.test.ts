import { afterAll, beforeAll, expect, test } from "vitest";
import { PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type DeskBench, inBytes, inWords, openDeskBench } from "../../test/fixtures/desk.ts";
import type { PaymentWishes, ReaderSigned } from "../../test/fixtures/reader-payment.ts";
import type { AuthorizationDesk } from "../authorization/authorization-desk.ts";
import type { EntryAnswer } from "../payments/entry-answer.ts";
import type { ReversalDesk } from "./reversal-desk.ts";
import type { ReverseOrder } from "./reverse-order.ts";

interface Desks {
  readonly authorizations: AuthorizationDesk;
  readonly reversals: ReversalDesk;
}

let bench: DeskBench;
let one: Desks;
let other: Desks;

beforeAll(async () => {
  bench = await openDeskBench();
  one = bench.newDesks();
  other = bench.newDesks();
});
afterAll(() => bench[Symbol.asyncDispose]());

const APPROVED = "APPROVED 00 revision 1";
const REVERSED = "REVERSED 68 revision 2";
const TOMBSTONE = "REVERSED 68 revision 1";

function sign(wishes: PaymentWishes = {}): ReaderSigned {
  return bench.signer.sign({ pin: null, ...wishes });
}

function authorize(
  desks: Desks,
  payment: ReaderSigned,
  wishes?: PaymentWishes,
): Promise<EntryAnswer> {
  return desks.authorizations.authorize(bench.incoming(payment, wishes));
}

function reverse(
  desks: Desks,
  payment: ReaderSigned,
  changes?: Partial<ReverseOrder>,
): Promise<EntryAnswer> {
  const order = bench.reversal(payment, changes);
  return desks.reversals.reverse({ order, span: bench.incoming(payment).span });
}

/** What a payment has moved in all: 0 when it was undone or never done. */
async function movedBy({ paymentId }: ReaderSigned): Promise<bigint | undefined> {
  const [row] = await bench.query<{ moved: bigint }>(
    `SELECT coalesce(sum(CASE kind WHEN 'REVERSAL' THEN -amount_minor ELSE amount_minor END), 0)
      ::bigint AS moved FROM processor.posting WHERE payment_id = $1`,
    [paymentId],
  );
  return row?.moved;
}

async function stateOf({ paymentId }: ReaderSigned): Promise<string | undefined> {
  const [row] = await bench.query<{ state: string }>(
    "SELECT state FROM processor.payment WHERE payment_id = $1",
    [paymentId],
  );
  return row?.state;
}

test.each([
  { name: "sale", kind: PaymentKind.SALE },
  { name: "authorization", kind: PaymentKind.AUTHORIZATION },
  { name: "refund", kind: PaymentKind.REFUND },
])("an approved $name is undone by the opposite posting", async ({ kind }) => {
  const payment = sign({ context: { kind } });
  expect(inWords(await authorize(one, payment))).toBe(APPROVED);
  expect(inWords(await reverse(other, payment))).toBe(REVERSED);
  expect(await movedBy(payment)).toBe(0n);
  expect(await stateOf(payment)).toBe("REVERSED");
});

test("repeats of a reversal, in one batch and at two processors, get the same answer", async () => {
  const payment = sign();
  await authorize(one, payment);
  const given = await Promise.all([
    reverse(one, payment),
    reverse(one, payment),
    reverse(other, payment),
    reverse(other, payment),
  ]);
  expect(new Set(given.map(inBytes)).size).toBe(1);
  expect(given.map(inWords)).toContain(REVERSED);
  expect(await movedBy(payment)).toBe(0n);
});

test("after a reversal the payment itself gets the reversal's answer", async () => {
  const payment = sign();
  await authorize(one, payment);
  const reversed = await reverse(one, payment);
  expect(inBytes(await authorize(other, payment))).toBe(inBytes(reversed));
});

test("a payment that comes after its reversal finds a tombstone and posts nothing", async () => {
  const payment = sign();
  const tombstone = await reverse(one, payment);
  expect(inWords(tombstone)).toBe(TOMBSTONE);
  expect(inBytes(await authorize(other, payment))).toBe(inBytes(tombstone));
  expect(await stateOf(payment)).toBe("TOMBSTONE");
  expect(await movedBy(payment)).toBe(0n);
});

test("a tombstone for a payment that the relay never saw stands before any bytes", async () => {
  const payment = sign();
  const unknown = { digest: new Uint8Array(64), original: undefined };
  expect(inWords(await reverse(one, payment, unknown))).toBe(TOMBSTONE);
  expect(inWords(await authorize(other, payment))).toBe(TOMBSTONE);
  expect(await movedBy(payment)).toBe(0n);
});

test("a declined payment keeps its answer", async () => {
  const wishes = { card: "charge_declined_lost_card" };
  const payment = sign(wishes);
  const declined = await authorize(one, payment, wishes);
  expect(inWords(declined)).toBe("DECLINED 41 revision 1");
  expect(inBytes(await reverse(other, payment))).toBe(inBytes(declined));
});

test("an acknowledged payment is not reversed, an acknowledged reversal is repeated", async () => {
  const payment = sign();
  await authorize(one, payment);
  const { merchantId, paymentId, relayId } = bench.reversal(payment);
  const acknowledged = { merchantId, paymentId, relayId, revision: 1 };
  await bench.payments.acknowledge([acknowledged, acknowledged]);
  expect(inWords(await reverse(one, payment))).toBe("APPROVED 00 revision 1");
  expect(await movedBy(payment)).toBe(1_250n);

  const undone = sign();
  await authorize(one, undone);
  await reverse(one, undone);
  await bench.payments.acknowledge([
    { merchantId, paymentId: undone.paymentId, relayId, revision: 2 },
  ]);
  expect(inWords(await reverse(one, undone))).toBe(REVERSED);
});

test("an order of a restored relay undoes anything but an approval", async () => {
  const order = { isUnlessApproved: true };
  const approved = sign();
  const answer = await authorize(one, approved);
  expect(inBytes(await reverse(other, approved, order))).toBe(inBytes(answer));
  expect(await movedBy(approved)).toBe(1_250n);

  const unseen = sign();
  expect(inWords(await reverse(one, unseen, order))).toBe(TOMBSTONE);
  expect(inWords(await authorize(other, unseen))).toBe(TOMBSTONE);

  const foreign = sign();
  await authorize(one, foreign);
  const another = { ...order, relayId: "B2" };
  expect(inWords(await reverse(one, foreign, another))).toBe("OWNED_ELSEWHERE");
});

test("an acknowledgement by another relay or of no revision counts for nothing", async () => {
  const payment = sign();
  await authorize(one, payment);
  const { merchantId, paymentId, relayId } = bench.reversal(payment);
  await bench.payments.acknowledge([
    { merchantId, paymentId, relayId: "B2", revision: 1 },
    { merchantId, paymentId, relayId, revision: 7 },
  ]);
  expect(inWords(await reverse(one, payment))).toBe(REVERSED);
});

test("only the relay that submitted reverses, and only what it submitted", async () => {
  const payment = sign();
  await authorize(one, payment);
  expect(inWords(await reverse(one, payment, { relayId: "B2" }))).toBe("OWNED_ELSEWHERE");
  const digest = payment.digest.map((byte) => byte ^ 1);
  expect(inWords(await reverse(one, payment, { digest }))).toBe("DUPLICATE_DIFFERS");
  expect(await movedBy(payment)).toBe(1_250n);
});

test.each([
  { name: "the payment first", first: "authorize" },
  { name: "the reversal first", first: "reverse" },
])("payment and reversal race at two processors, $name: nothing is moved", async ({ first }) => {
  const payments = Array.from({ length: 40 }, () => sign());
  const isPaymentFirst = first === "authorize";
  const races = payments.map(async (payment) => {
    const authorized = isPaymentFirst ? authorize(one, payment) : undefined;
    const reversed = reverse(other, payment);
    return await Promise.all([authorized ?? authorize(one, payment), reversed]);
  });
  for (const [authorized, reversed] of await Promise.all(races)) {
    expect([APPROVED, REVERSED, TOMBSTONE]).toContain(inWords(authorized));
    expect([REVERSED, TOMBSTONE]).toContain(inWords(reversed));
  }
  for (const payment of payments) {
    expect(await movedBy(payment)).toBe(0n);
    expect(["REVERSED", "TOMBSTONE"]).toContain(await stateOf(payment));
  }
});

test("a reversal gives back what was spent of the day's limits", async () => {
  const wishes = { card: "diners" };
  await bench.putCard(wishes.card, { dailyCountMax: 1 });
  const [first, second, third] = [sign(wishes), sign(wishes), sign(wishes)];
  expect(inWords(await authorize(one, first, wishes))).toBe(APPROVED);
  expect(inWords(await authorize(one, second, wishes))).toBe("DECLINED 65 revision 1");
  await reverse(one, first);
  expect(inWords(await authorize(one, third, wishes))).toBe(APPROVED);
});

test("a refund that was spent already is reversed nevertheless; then nothing is left", async () => {
  const wishes = { card: "unionpay" };
  await bench.putCard(wishes.card, { creditMinor: 0n });
  const refundWishes = { ...wishes, context: { kind: PaymentKind.REFUND } };
  const [refund, sale, more] = [sign(refundWishes), sign(wishes), sign(wishes)];
  expect(inWords(await authorize(one, refund, refundWishes))).toBe(APPROVED);
  expect(inWords(await authorize(one, sale, wishes))).toBe(APPROVED);
  expect(inWords(await reverse(one, refund))).toBe(REVERSED);
  expect(inWords(await authorize(one, more, wishes))).toBe("DECLINED 51 revision 1");
});
