import pg from "pg";
import { systemClock as clock } from "../../mesh/clock.ts";
import type { ConnectionOptions } from "../../prisma/embedded/postgres-cluster.ts";
import { seededUniform } from "../load/seeded-uniform.ts";

/** PostgreSQL's own debit-credit benchmark: one transaction, one commit per debit. */
export interface Tpcb {
  /** Which program runs it, with its version. */
  readonly driver: string;
  /** Makes the tables anew. */
  initialise(scale: number): Promise<void>;
  /** What `pgbench` does before it begins, as a step of its own. */
  vacuum(): Promise<void>;
  run(clients: number, durationMs: number): Promise<TpcbRun>;
}

interface TpcbRun {
  readonly transactions: number;
  readonly perSecond: number;
  /** User and system time of what sends them. */
  readonly clientSeconds: number;
}

const BRANCH_TELLERS = 10;
const BRANCH_ACCOUNTS = 100_000;
const DELTA_MAX = 5_000;

/** As `pgbench` without `--no-vacuum`. */
export async function vacuumTpcb(database: ConnectionOptions): Promise<void> {
  const client = new pg.Client(database);
  await client.connect();
  try {
    await client.query("VACUUM pgbench_branches");
    await client.query("VACUUM pgbench_tellers");
    await client.query("TRUNCATE pgbench_history");
  } finally {
    await client.end();
  }
}

/** The transactions of pgbench's "TPC-B (sort of)", statement by statement, over `pg`. */
export class TpcbDriver implements Tpcb {
  readonly driver = "TPC-B transactions over node-postgres (no pgbench on this machine)";
  readonly #database: ConnectionOptions;
  #scale = 1;

  constructor(database: ConnectionOptions) {
    this.#database = database;
  }

  async initialise(scale: number): Promise<void> {
    this.#scale = scale;
    const client = await this.#connect();
    const rows = (count: number) => `generate_series(1, ${count}) AS id`;
    await client.query(`
      DROP TABLE IF EXISTS pgbench_accounts, pgbench_branches, pgbench_tellers, pgbench_history;
      CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88))
        WITH (fillfactor = 100);
      CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
      CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
      CREATE TABLE pgbench_history
        (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
      INSERT INTO pgbench_branches SELECT id, 0, '' FROM ${rows(scale)};
      INSERT INTO pgbench_tellers
        SELECT id, (id - 1) / ${BRANCH_TELLERS} + 1, 0, '' FROM ${rows(scale * BRANCH_TELLERS)};
      INSERT INTO pgbench_accounts
        SELECT id, (id - 1) / ${BRANCH_ACCOUNTS} + 1, 0, '' FROM ${rows(scale * BRANCH_ACCOUNTS)};
    `);
    await client.query("VACUUM ANALYZE");
    await client.end();
  }

  vacuum(): Promise<void> {
    return vacuumTpcb(this.#database);
  }

  async run(clients: number, durationMs: number): Promise<TpcbRun> {
    const cpuBefore = process.cpuUsage();
    const connections = await Promise.all(Array.from({ length: clients }, () => this.#connect()));
    const startMs = clock.monotonicMs();
    const untilMs = startMs + durationMs;
    const counts = await Promise.all(connections.map((one, n) => this.#repeat(one, n, untilMs)));
    const seconds = (clock.monotonicMs() - startMs) / 1_000;
    await Promise.all(connections.map((one) => one.end()));
    const { user, system } = process.cpuUsage(cpuBefore);
    const transactions = counts.reduce((sum, count) => sum + count, 0);
    const clientSeconds = (user + system) / 1e6;
    return { transactions, perSecond: transactions / seconds, clientSeconds };
  }

  async #repeat(client: pg.Client, seed: number, untilMs: number): Promise<number> {
    const uniform = seededUniform(seed);
    const from1 = (max: number) => 1 + Math.floor(uniform() * max);
    let count = 0;
    while (clock.monotonicMs() < untilMs) {
      const delta = from1(2 * DELTA_MAX + 1) - 1 - DELTA_MAX;
      const account = from1(this.#scale * BRANCH_ACCOUNTS);
      const teller = from1(this.#scale * BRANCH_TELLERS);
      const branch = from1(this.#scale);
      await client.query("BEGIN");
      await client.query(
        `UPDATE pgbench_accounts SET abalance = abalance + ${delta} WHERE aid = ${account}`,
      );
      await client.query(`SELECT abalance FROM pgbench_accounts WHERE aid = ${account}`);
      await client.query(
        `UPDATE pgbench_tellers SET tbalance = tbalance + ${delta} WHERE tid = ${teller}`,
      );
      await client.query(
        `UPDATE pgbench_branches SET bbalance = bbalance + ${delta} WHERE bid = ${branch}`,
      );
      await client.query(
        `INSERT INTO pgbench_history (tid, bid, aid, delta, mtime)
           VALUES (${teller}, ${branch}, ${account}, ${delta}, CURRENT_TIMESTAMP)`,
      );
      await client.query("END");
      count += 1;
    }
    return count;
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#database);
    await client.connect();
    return client;
  }
}
