import pg from "pg";
import { expect, test } from "vitest";
import { freshDatabase } from "../../test/setup/database.ts";
import { LedgerDatabase } from "../database.ts";
import { OversightStore } from "./oversight-store.ts";

async function collected<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const uuid = (place: number) => `00000000-0000-7000-8000-00000000000${place}`;

const LEDGER = `
  INSERT INTO processor.account (kind, holder, currency, balance_minor) VALUES
    ('CARDHOLDER', '\\x01', 978, -700), ('MERCHANT', 'M1', 978, 1000), ('MERCHANT', 'M1', 840, 5),
    ('MERCHANT', 'M2', 978, -300), ('CLEARING', '', 978, 0);
  INSERT INTO processor.payment (merchant_id, payment_id, digest, state, relay_id, record_number,
    reader_serial, signing_key_id, counter, kind, currency, total_minor, tip_minor, cashback_minor,
    surcharge_minor, approved_minor, response_code, settlement_date, processor_time_ms, result,
    result_signature, result_key_id, revision)
  SELECT merchant, ('${uuid(0).slice(0, -1)}' || place)::uuid, decode(repeat('00', 64), 'hex'),
    state, 'A1', 'R' || place, 'SIM',
    CASE WHEN state <> 'TOMBSTONE' THEN '\\x02'::bytea END,
    CASE WHEN state <> 'TOMBSTONE' THEN place END, 'SALE', 978, 1500, 0, 0, 0, 1000, '00',
    20261130, 9007199254740993, 'result', 'signature', 'key', 1
  FROM (VALUES ('M1', 3, 'DECLINED'), ('M1', 1, 'APPROVED'), ('M2', 2, 'REVERSED'),
    ('M3', 4, 'TOMBSTONE')) AS given(merchant, place, state);
  INSERT INTO processor.posting (merchant_id, payment_id, kind, debit_account, credit_account,
    amount_minor, currency, settlement_date)
  VALUES ('M1', '${uuid(1)}', 'SALE', 1, 2, 1000, 978, 20261130),
    ('M2', '${uuid(2)}', 'REVERSAL', 4, 1, 300, 978, 20261130),
    ('M2', '${uuid(2)}', 'SALE', 1, 4, 300, 978, 20261130)`;

async function openLedger(stack: AsyncDisposableStack): Promise<OversightStore> {
  const { url } = stack.use(await freshDatabase("processor"));
  const client = stack.adopt(new pg.Client({ connectionString: url }), (each) => each.end());
  await client.connect();
  await client.query(LEDGER);
  return new OversightStore(stack.use(new LedgerDatabase({ url, program: "test" })));
}

test("the ledger is read in pages, in the order of merchant and payment", async () => {
  await using stack = new AsyncDisposableStack();
  const store = await openLedger(stack);
  const pages = await collected(store.payments(2));
  const shown = pages.map((rows) =>
    rows.map(({ merchantId, paymentId, state }) => ({ merchantId, paymentId, state })),
  );
  expect(shown).toEqual([
    [
      { merchantId: "M1", paymentId: uuid(1), state: "APPROVED" },
      { merchantId: "M1", paymentId: uuid(3), state: "DECLINED" },
    ],
    [
      { merchantId: "M2", paymentId: uuid(2), state: "REVERSED" },
      { merchantId: "M3", paymentId: uuid(4), state: "TOMBSTONE" },
    ],
  ]);
  expect(pages[0]?.[0]?.processorTimeMs).toBe(9007199254740993n);
});

test("a payment comes with its postings, the reversal last", async () => {
  await using stack = new AsyncDisposableStack();
  const store = await openLedger(stack);
  const payments = (await collected(store.payments(500))).flat();
  expect(payments.map(({ postings }) => postings.map(({ kind }) => kind))).toEqual([
    ["SALE"],
    [],
    ["SALE", "REVERSAL"],
    [],
  ]);
  expect(payments[0]?.postings).toMatchObject([
    { debitAccount: 1n, creditAccount: 2n, amountMinor: 1000n, currency: 978 },
  ]);
});

test("an account comes with the sum of its postings", async () => {
  await using stack = new AsyncDisposableStack();
  const store = await openLedger(stack);
  const pages = await collected(store.accounts(3));
  expect(pages.map((rows) => rows.length)).toEqual([3, 2]);
  expect(
    pages.flat().map(({ kind, balanceMinor, recomputedMinor }) => {
      return `${kind} ${balanceMinor} ${recomputedMinor}`;
    }),
  ).toEqual([
    "CARDHOLDER -700 -1000",
    "MERCHANT 1000 1000",
    "MERCHANT 5 0",
    "MERCHANT -300 0",
    "CLEARING 0 0",
  ]);
});

test.each([
  { merchant: "M1", currency: 978, balanceMinor: 1000n, recomputedMinor: 1000n, postings: 1n },
  { merchant: "M1", currency: 840, balanceMinor: 5n, recomputedMinor: 0n, postings: 0n },
  { merchant: "M2", currency: 978, balanceMinor: -300n, recomputedMinor: 0n, postings: 2n },
  { merchant: "M2", currency: 840, balanceMinor: 0n, recomputedMinor: 0n, postings: 0n },
])("balance of $merchant in $currency", async ({ merchant, currency, ...balance }) => {
  await using stack = new AsyncDisposableStack();
  const store = await openLedger(stack);
  expect(await store.balance(merchant, currency)).toEqual(balance);
});

test("a database that is not there is STORE_NOT_REACHED", async () => {
  const url = "postgresql://cardlane@127.0.0.1:1/processor";
  await using database = new LedgerDatabase({ url, program: "test" });
  await expect(new OversightStore(database).balance("M1", 978)).rejects.toMatchObject({
    code: "STORE_NOT_REACHED",
    message: "the database did not answer",
  });
});
