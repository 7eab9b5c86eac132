import { Code } from "@connectrpc/connect";
import pg from "pg";
import { expect, test, vi } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { NotificationBed } from "../../test/fixtures/notification-bed.ts";
import { freshDatabase } from "../../test/setup/database.ts";
import { Database } from "../database.ts";
import { RECEIPTS_A_DAY, ReceiptShares } from "./receipt-shares.ts";
import { RetentionStore } from "./retention-store.ts";

async function openShares(stack: AsyncDisposableStack) {
  const { url } = stack.use(await freshDatabase("relay"));
  const database = stack.use(new Database(url));
  const client = stack.adopt(new pg.Client({ connectionString: url }), (each) => each.end());
  await client.connect();
  const sql = async (text: string) => (await client.query(text)).rows;
  return { shares: new ReceiptShares(database), database, sql };
}

const KEPT = { keepRecordsDays: undefined, keepTombstonesDays: 90 };
const merchantId = "CORNERCOFFEE001";
let last = 0;
/** Of a payment that has had none. */
function order(wishes: Partial<Parameters<ReceiptShares["take"]>[0]> = {}) {
  last += 1;
  const recordNumber = `A1${String(last).padStart(10, "0")}`;
  return { recordNumber, merchantId, terminalId: "TILL0001", phone: "+4366012345678", ...wishes };
}

test("one payment has five receipts a day, wherever they go", async () => {
  await using stack = new AsyncDisposableStack();
  const { shares } = await openShares(stack);
  const one = order();
  for (const phone of ["+4366012345671", "", "+12025550123", "+447400123456", ""]) {
    expect(await shares.take({ ...one, phone })).toBeUndefined();
  }
  const usedUp = await shares.take({ ...one, phone: "" });
  expect(usedUp).toMatchObject({ of: "payment", most: 5 });
  expect(usedUp?.leftMs).toBeGreaterThan(0);
  expect(usedUp?.leftMs).toBeLessThanOrEqual(86_400_000);
  expect(await shares.take(order())).toBeUndefined();
});

test.each([
  { of: "terminal", share: `${merchantId}/TILL0001`, other: { terminalId: "TILL0002" } },
  { of: "merchant", share: merchantId, other: { merchantId: "OTHERSHOP000001" } },
  { of: "merchant and country", share: `${merchantId}/+43`, other: { phone: "+12025550123" } },
  { of: "merchant and country", share: `${merchantId}/+43`, other: { phone: "" } },
] as const)(
  "a $of has its share of a day, and another one its own",
  async ({ of, share, other }) => {
    await using stack = new AsyncDisposableStack();
    const { shares, sql } = await openShares(stack);
    await sql(`INSERT INTO receipt_share VALUES
    ((now() AT TIME ZONE 'UTC')::date, '${of} ${share}', ${RECEIPTS_A_DAY[of] - 1}),
    ((now() AT TIME ZONE 'UTC')::date - 1, '${of} ${share}', 1000000)`);
    expect(await shares.take(order())).toBeUndefined();
    expect(await shares.take(order())).toMatchObject({ of, most: RECEIPTS_A_DAY[of] });
    expect(await shares.take(order(other))).toBeUndefined();
  },
);

test("what is refused takes nothing from any share", async () => {
  await using stack = new AsyncDisposableStack();
  const { shares, sql } = await openShares(stack);
  const one = order();
  for (let place = 0; place < 9; place += 1) await shares.take(one);
  const rows = await sql("SELECT share, used FROM receipt_share ORDER BY share");
  expect(rows.map(({ used }) => used)).toEqual([5, 5, 5, 5]);
});

test.each([
  { name: "after one", before: 1, left: 4 },
  { name: "as the first of a payment", before: 0, left: 5 },
])("of many at once no more are let through: $name", async ({ before, left }) => {
  await using stack = new AsyncDisposableStack();
  const { shares, sql } = await openShares(stack);
  await shares.take(order());
  const one = order();
  for (let taken = 0; taken < before; taken += 1) await shares.take(one);
  // All of them have begun before the first one has counted.
  await sql("BEGIN");
  await sql(`SELECT 1 FROM receipt_share WHERE share = 'merchant ${merchantId}' FOR UPDATE`);
  const taking = Array.from({ length: 8 }, () => shares.take(one));
  await vi.waitFor(async () => {
    await sql("SELECT pg_stat_clear_snapshot()");
    expect(await sql(WAITING)).toEqual([{ waiting: 8 }]);
  }, 20_000);
  await sql("COMMIT");
  const answers = await Promise.all(taking);
  expect(answers.filter((usedUp) => usedUp === undefined)).toHaveLength(left);
  const { recordNumber } = one;
  const [row] = await sql(`SELECT used FROM receipt_share WHERE share = 'payment ${recordNumber}'`);
  expect(row).toEqual({ used: 5 });
});

const WAITING = `SELECT count(*)::int AS waiting FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`;

test("yesterday's shares go", async () => {
  await using stack = new AsyncDisposableStack();
  const { shares, database, sql } = await openShares(stack);
  await sql(`INSERT INTO receipt_share SELECT current_date - place, 'payment x', 1
    FROM generate_series(0, 5) AS place`);
  await shares.take(order());
  await new RetentionStore(database).removeOld({ ...KEPT, keepDays: 90 });
  expect(await sql("SELECT 1 FROM receipt_share WHERE day < current_date - 1")).toEqual([]);
  expect((await sql("SELECT 1 FROM receipt_share")).length).toBeGreaterThan(4);
});

test("a till that pumps receipts is told no, but for what it asked before", async () => {
  await using bed = await NotificationBed.start({ email: "", phone: "" });
  const recordNumber = await bed.pay(PaymentState.APPROVED);
  const ask = (place: number) =>
    bed.relay.notifications.sendReceipt({
      recordNumber,
      address: { case: "phone", value: `+43660123456${70 + place}` },
    });
  for (let place = 0; place < 5; place += 1) await ask(place);
  await expect(ask(5)).rejects.toMatchObject({ code: Code.ResourceExhausted });
  await expect(ask(6)).rejects.toThrow(/at most 5 receipts a day for one payment/);
  expect((await ask(2)).notification?.recordNumber).toBe(recordNumber);
});
