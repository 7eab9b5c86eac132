import fc from "fast-check";
import { expect, test } from "vitest";
import { PaymentKind } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { type DeskBench, openDeskBench } from "../test/fixtures/desk.ts";
import type { ReaderSigned } from "../test/fixtures/reader-payment.ts";

/** fast-check prints the seed and the smallest batch when the invariant does not hold. */
const RUNS = 12;

/** One thing that a relay asks of one of two processors. */
const step = fc.record({
  desk: fc.constantFrom(0, 1),
  card: fc.constantFrom("visa", "mastercard", "amex"),
  kind: fc.constantFrom(PaymentKind.SALE, PaymentKind.AUTHORIZATION, PaymentKind.REFUND),
  totalMinor: fc.bigInt({ min: 1n, max: 3_000n }),
  acceptPartial: fc.boolean(),
  currency: fc.constantFrom(978, 840),
  /** Whether it is also reversed, and at the same time or afterwards. */
  reversal: fc.constantFrom("none", "at once", "afterwards"),
  isRepeated: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

test("after any batches balances are the sums of postings, and money is conserved", async () => {
  await using bench = await openDeskBench();
  for (const card of ["visa", "mastercard", "amex"]) {
    await bench.putCard(card, { creditMinor: 20_000n, dailyCountMax: 60 });
  }
  const desks = [bench.newDesks(), bench.newDesks()] as const;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const signed = steps.map((one) => ({ one, payment: sign(bench, one) }));
      await Promise.all(signed.flatMap(({ one, payment }) => together(bench, desks, one, payment)));
      const late = signed.filter(({ one }) => one.reversal === "afterwards");
      await Promise.all(late.map(({ one, payment }) => reverse(bench, desks, one, payment)));
      expect(await unbalanced(bench)).toEqual([]);
      expect(await sumOfBalances(bench)).toBe(0n);
      expect(await misposted(bench)).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

type Desks = readonly [ReturnType<DeskBench["newDesks"]>, ReturnType<DeskBench["newDesks"]>];

function sign(bench: DeskBench, { card, totalMinor, ...rest }: Step): ReaderSigned {
  const { kind, acceptPartial, currency } = rest;
  return bench.signer.sign({
    pin: null,
    card,
    totalMinor,
    context: { kind, acceptPartial, currency },
  });
}

function together(
  bench: DeskBench,
  desks: Desks,
  one: Step,
  payment: ReaderSigned,
): readonly Promise<unknown>[] {
  const incoming = bench.incoming(payment, { card: one.card });
  const asked = [desks[one.desk === 0 ? 0 : 1].authorizations.authorize(incoming)];
  const again = one.isRepeated
    ? [desks[one.desk === 0 ? 1 : 0].authorizations.authorize(incoming)]
    : [];
  const undone = one.reversal === "at once" ? [reverse(bench, desks, one, payment)] : [];
  return [...asked, ...again, ...undone];
}

async function reverse(bench: DeskBench, desks: Desks, one: Step, payment: ReaderSigned) {
  const { span } = bench.incoming(payment);
  const desk = desks[one.desk === 0 ? 1 : 0].reversals;
  return await desk.reverse({ order: bench.reversal(payment), span });
}

/** Accounts whose balance is not the sum of their postings. */
async function unbalanced(bench: DeskBench) {
  return await bench.query(`
    SELECT account_id, balance_minor, moved.total
    FROM processor.account
    LEFT JOIN LATERAL (
      SELECT coalesce(sum(CASE WHEN credit_account = account_id THEN amount_minor
        ELSE -amount_minor END), 0)::bigint AS total
      FROM processor.posting WHERE account_id IN (credit_account, debit_account)
    ) moved ON true
    WHERE balance_minor <> moved.total`);
}

async function sumOfBalances(bench: DeskBench): Promise<bigint | undefined> {
  const [row] = await bench.query<{ total: bigint }>(
    "SELECT coalesce(sum(balance_minor), 0)::bigint AS total FROM processor.account",
  );
  return row?.total;
}

/** Payments whose postings do not fit their state. */
async function misposted(bench: DeskBench) {
  return await bench.query(`
    SELECT state, payment.kind, approved_minor, posted.kinds
    FROM processor.payment LEFT JOIN LATERAL (
      SELECT array_agg(posting.kind || ' ' || amount_minor ORDER BY posting.kind <> 'REVERSAL')
        AS kinds
      FROM processor.posting
      WHERE posting.merchant_id = payment.merchant_id AND posting.payment_id = payment.payment_id
    ) posted ON true
    WHERE posted.kinds IS DISTINCT FROM CASE state
      WHEN 'APPROVED' THEN ARRAY[payment.kind || ' ' || approved_minor]
      WHEN 'AUTHORIZED' THEN ARRAY[payment.kind || ' ' || approved_minor]
      WHEN 'REVERSED' THEN
        ARRAY['REVERSAL ' || approved_minor, payment.kind || ' ' || approved_minor]
    END`);
}
