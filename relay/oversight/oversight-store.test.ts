import pg from "pg";
import { expect, test } from "vitest";
import { freshDatabase } from "../../test/setup/database.ts";
import { Database } from "../database.ts";
import { OversightStore } from "./oversight-store.ts";

async function collected<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const uuid = (place: number) => `00000000-0000-7000-8000-00000000000${place}`;

const RECORDS = `
  INSERT INTO record (record_number, merchant_id, payment_id, kind, state, total_minor, tip_minor,
    cashback_minor, surcharge_minor, currency, terminal_id, reader_serial, entry_mode, trace_number,
    traceparent, recorded_at, deadline_at, due_at, lease_owner)
  SELECT 'R' || place, merchant, ('${uuid(0).slice(0, -1)}' || place)::uuid, 'SALE', state, 1250,
    0, 0, 0, 978, 'T', 'SIM', 'CHIP', 1, '', timestamptz '2026-11-30T12:00Z', now(),
    timestamptz '2026-11-30T13:00Z' - place * interval '1 minute', 'relay-1'
  FROM (VALUES ('M2', 1, 'REVERSING'), ('M1', 3, 'REVERSING'), ('M1', 2, 'APPROVED'),
    ('M3', 4, 'REVERSING')) AS given(merchant, place, state);
  INSERT INTO record_event (sequence, record_number, merchant_id, state, changed_at) VALUES
    (1, 'R3', 'M1', 'RECEIVED', '2026-11-30T12:00Z'),
    (2, 'R3', 'M1', 'REVERSING', '2026-11-30T12:01Z'),
    (3, 'R3', 'M1', 'REVERSING', '2026-11-30T12:02Z'),
    (4, 'R1', 'M2', 'RECEIVED', '2026-11-30T12:03Z')`;

async function openRecords(stack: AsyncDisposableStack): Promise<OversightStore> {
  const { url } = stack.use(await freshDatabase("relay"));
  const client = stack.adopt(new pg.Client({ connectionString: url }), (each) => each.end());
  await client.connect();
  await client.query(RECORDS);
  return new OversightStore(stack.use(new Database(url)));
}

test("all records are read in pages, in the order of merchant and payment", async () => {
  await using stack = new AsyncDisposableStack();
  const store = await openRecords(stack);
  const pages = await collected(store.records(3));
  expect(pages.map((rows) => rows.map(({ recordNumber }) => recordNumber))).toEqual([
    ["R2", "R3", "R1"],
    ["R4"],
  ]);
});

test("open reversals are told by when they are due, with when they began", async () => {
  await using stack = new AsyncDisposableStack();
  const store = await openRecords(stack);
  const { page, total } = await store.openReversals(2);
  expect(total).toBe(3);
  expect(
    page.map(({ recordNumber, orderedAt }) => `${recordNumber} ${orderedAt.toISOString()}`),
  ).toEqual(["R4 2026-11-30T12:00:00.000Z", "R3 2026-11-30T12:01:00.000Z"]);
});

test("without open reversals there are none", async () => {
  await using stack = new AsyncDisposableStack();
  const { url } = stack.use(await freshDatabase("relay"));
  const store = new OversightStore(stack.use(new Database(url)));
  expect(await store.openReversals(50)).toEqual({ page: [], total: 0 });
  expect(await collected(store.records(2))).toEqual([]);
});
