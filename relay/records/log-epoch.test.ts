import pg from "pg";
import { describe, expect, test } from "vitest";
import { freshDatabase } from "../../test/setup/database.ts";
import { LogEpoch } from "./log-epoch.ts";

interface Reset {
  readonly epoch: number;
  readonly endedBefore: bigint;
}

async function bench() {
  const stack = new AsyncDisposableStack();
  const { url } = stack.use(await freshDatabase("relay"));
  const client = stack.adopt(new pg.Client({ connectionString: url }), (one) => one.end());
  await client.connect();
  const resets: Reset[] = [];
  const epoch = new LogEpoch((reset) => void resets.push(reset));
  const query = async (text: string) => (await client.query(text)).rows;
  return { client, epoch, resets, query, url, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const EVENT = `
  INSERT INTO record_event (sequence, record_number, merchant_id, state, changed_at)
  SELECT (1::bigint << 53) + (pg_current_xact_id()::text::bigint << 16) + 1, 'A10000000000', 'M',
    'APPROVED', now()`;

describe("the first look", () => {
  test("says which server it is, and begins no epoch", async () => {
    await using it = await bench();
    await it.epoch.verify(it.client);
    await it.epoch.verify(it.client);
    const [row] = await it.query("SELECT * FROM log_epoch");
    expect(row.system_identifier).toMatch(/^\d+\/\d+$/);
    expect([row.epoch, row.timeline, it.resets]).toEqual([1, 1, []]);
  });
});

const OTHERS: readonly (readonly [string, string])[] = [
  [
    "another cluster",
    "UPDATE log_epoch SET system_identifier = '7/' || 'log_epoch'::regclass::oid",
  ],
  ["another table", "UPDATE log_epoch SET system_identifier = system_identifier || '0'"],
  ["another timeline", "UPDATE log_epoch SET timeline = 7"],
  [
    "transactions that count from before",
    "UPDATE record_event SET sequence = sequence + (1000000::bigint << 16)",
  ],
];

describe("a new epoch", () => {
  test.each(OTHERS)("begins for %s, once", async (_, sql) => {
    await using it = await bench();
    await it.epoch.verify(it.client);
    await it.query(EVENT);
    await it.query(sql);
    const [last] = await it.query("SELECT max(sequence)::text AS sequence FROM record_event");
    await Promise.all([it.epoch.verify(it.client)]);
    await new LogEpoch(() => undefined).verify(it.client);
    expect(it.resets).toEqual([{ epoch: 2, endedBefore: BigInt(last.sequence) }]);
    const [event] = await it.query("SELECT * FROM record_event ORDER BY sequence DESC LIMIT 1");
    expect(event).toMatchObject({ sequence: String(2n << 53n), state: "LOG_RESET" });
  });

  test("begins where the log ends before what was told", async () => {
    await using it = await bench();
    await it.epoch.verify(it.client);
    await it.query(EVENT);
    const [last] = await it.query("SELECT max(sequence)::text AS sequence FROM record_event");
    it.epoch.told(BigInt(last.sequence));
    await it.epoch.verify(it.client);
    expect(it.resets).toEqual([]);
    await it.query("DELETE FROM record_event");
    await it.epoch.verify(it.client);
    expect(it.resets).toEqual([{ epoch: 2, endedBefore: 0n }]);
    await it.epoch.verify(it.client);
    expect(it.resets).toHaveLength(1);
  });

  test("is begun by one of several that see it at the same time", async () => {
    await using it = await bench();
    await it.epoch.verify(it.client);
    await it.query("UPDATE log_epoch SET timeline = 7");
    const told: number[] = [];
    await using stack = new AsyncDisposableStack();
    const clients = [1, 2, 3, 4].map(() =>
      stack.adopt(new pg.Client({ connectionString: it.url }), (one) => one.end()),
    );
    await Promise.all(
      clients.map(async (client) => {
        await client.connect();
        await new LogEpoch(({ epoch }) => void told.push(epoch)).verify(client);
      }),
    );
    expect(told).toEqual([2]);
    expect(await it.query("SELECT count(*)::int AS count FROM log_epoch")).toEqual([{ count: 2 }]);
  });
});

test("a connection to a standby is not used", async () => {
  const found = { is_standby: true, timeline: null, epoch: 1, next_transaction: "7" };
  const client = { query: async () => ({ rows: [found] }) } as unknown as pg.ClientBase;
  const verifying = new LogEpoch(() => undefined).verify(client);
  await expect(verifying).rejects.toThrow("the database is that of a standby");
});

test("a relay of the release before writes into the present epoch", async () => {
  await using it = await bench();
  await it.query(
    `INSERT INTO record_event (sequence, record_number, merchant_id, state, changed_at)
     VALUES ((12345::bigint << 20) + 3, 'A10000000000', 'M', 'APPROVED', now())`,
  );
  const [row] = await it.query("SELECT sequence FROM record_event");
  expect(BigInt(row.sequence)).toBe((1n << 53n) + (12_345n << 16n) + 3n);
});
