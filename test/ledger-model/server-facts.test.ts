import { Client } from "pg";
import { describe, expect, test } from "vitest";
import { freshDatabase } from "../setup/database.ts";

/** Where the log may be told up to: only who holds a lock on its table can still write to it. */
const BOUND = `
  SELECT least(
    (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint),
    (SELECT min(own.transactionid::text::bigint) FROM pg_locks AS log
      JOIN pg_locks AS own USING (virtualtransaction)
      WHERE log.relation = 'trial_event'::regclass AND log.mode = 'RowExclusiveLock'
        AND own.locktype = 'transactionid' AND own.mode = 'ExclusiveLock')
  ) AS bound`;

const WRITE = {
  name: "trial_write",
  text: `
    INSERT INTO trial_event (epoch, transaction)
    SELECT max(number), pg_current_xact_id()::text::bigint FROM trial_epoch
    RETURNING epoch, transaction`,
};

interface Written {
  readonly epoch: number;
  readonly transaction: string;
}

/** Three connections to a database of their own, with an epoch and a log. */
async function openServer() {
  const stack = new AsyncDisposableStack();
  const { url } = stack.use(await freshDatabase("relay"));
  const connect = async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    stack.defer(() => client.end());
    return client;
  };
  const [writer, other, onlooker] = [await connect(), await connect(), await connect()];
  await onlooker.query("CREATE TABLE trial_epoch (number int)");
  await onlooker.query("CREATE TABLE trial_event (epoch int, transaction bigint)");
  await onlooker.query("INSERT INTO trial_epoch VALUES (1)");
  // Once before, so that the plan is there already.
  await writer.query<Written>(WRITE);
  const waits = async () => {
    const text = "SELECT 1 FROM pg_locks WHERE relation = 'trial_epoch'::regclass AND NOT granted";
    return (await onlooker.query(text)).rowCount;
  };
  const bound = async () => Number((await onlooker.query(BOUND)).rows[0].bound);
  return { writer, other, waits, bound, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe("PostgreSQL keeps what the model takes for granted:", () => {
  test("a statement that waited for who raises the epoch reads the new one", async () => {
    await using server = await openServer();
    const { writer, other, waits } = server;
    await other.query("BEGIN");
    await other.query("LOCK TABLE trial_epoch IN ACCESS EXCLUSIVE MODE");
    await other.query("INSERT INTO trial_epoch VALUES (2)");
    const written = writer.query<Written>(WRITE);
    await expect.poll(waits).toBe(1);
    await other.query("COMMIT");
    expect((await written).rows[0]?.epoch).toBe(2);
  });

  test("who raises the epoch waits for what has read the one before", async () => {
    await using server = await openServer();
    const { writer, other, waits } = server;
    await writer.query("BEGIN");
    const [row] = (await writer.query<Written>(WRITE)).rows;
    await other.query("BEGIN");
    const locked = other.query("LOCK TABLE trial_epoch IN ACCESS EXCLUSIVE MODE");
    await expect.poll(waits).toBe(1);
    await writer.query("COMMIT");
    await locked;
    const text = "SELECT pg_current_xact_id()::text::bigint AS raised";
    const raised = (await other.query<{ raised: string }>(text)).rows[0]?.raised;
    await other.query("COMMIT");
    expect(row?.epoch).toBe(1);
    expect(Number(raised)).toBeGreaterThan(Number(row?.transaction));
  });

  test("a writer that is late holds the bound back, until it commits", async () => {
    await using server = await openServer();
    const { writer, other, bound } = server;
    await writer.query("BEGIN");
    const late = Number((await writer.query<Written>(WRITE)).rows[0]?.transaction);
    await other.query(WRITE);
    expect(await bound()).toBe(late);
    await writer.query("COMMIT");
    expect(await bound()).toBeGreaterThan(late + 1);
  });

  test("a transaction that writes elsewhere holds back the snapshot, not the bound", async () => {
    await using server = await openServer();
    const { writer, other, bound } = server;
    await other.query("BEGIN");
    await other.query("CREATE TEMP TABLE elsewhere (number int)");
    const [row] = (await writer.query<Written>(WRITE)).rows;
    expect(await bound()).toBeGreaterThan(Number(row?.transaction));
    const text = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest";
    const oldest = (await writer.query<{ oldest: string }>(text)).rows[0]?.oldest;
    expect(Number(oldest)).toBeLessThan(Number(row?.transaction));
    await other.query("ROLLBACK");
  });

  test("a role without rights of its own may ask who the server is", async () => {
    await using server = await openServer();
    const { writer } = server;
    await writer.query("SET ROLE pg_read_all_settings");
    const { rows } = await writer.query(`
      SELECT (SELECT system_identifier FROM pg_control_system())::text AS system,
        substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline,
        pg_postmaster_start_time() AS start`);
    expect(rows[0]?.system).toMatch(/^\d{15,20}$/);
    expect(rows[0]?.timeline).toBe("00000001");
    expect(rows[0]?.start).toBeInstanceOf(Date);
  });
});
