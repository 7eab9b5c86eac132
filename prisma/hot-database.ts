import pg from "pg";
import { PaymentError } from "../payment/errors.ts";

/** The load of one program is a few flushes at a time; more connections only wait in line. */
const CONNECTIONS_MAX = 8;

/**
 * Settings of every connection here. A generic plan is made once, perhaps on empty tables, and
 * kept: it must go by the indexes, however small the tables were.
 */
export const HOT_PLAN_SETTINGS = [
  "plan_cache_mode=force_generic_plan",
  "enable_seqscan=off",
  "enable_bitmapscan=off",
  "enable_hashjoin=off",
  "enable_mergejoin=off",
];

/** A statement that is prepared once per connection. `name` is unique in the program. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export interface HotDatabaseOptions {
  /** Where PostgreSQL is, or connections that a simulation made. */
  readonly source: string | pg.Pool;
  /** Waited for before each statement: a fault that was asked for. */
  readonly before: () => Promise<void> | undefined;
  /** The message of STORE_NOT_REACHED. */
  readonly notReached: string;
  /** Looks at each new connection before anything is done on it. One that it throws for ends. */
  readonly verify?: (client: pg.ClientBase) => Promise<void>;
  /** Time limits, and what else one program does differently. */
  readonly connection: Omit<pg.PoolConfig, "connectionString" | "max" | "options">;
}

/** The connections to one PostgreSQL database, for single statements: no transactions. */
export class HotDatabase implements AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #before: HotDatabaseOptions["before"];
  readonly #notReached: string;

  constructor({ source, before, notReached, verify, connection }: HotDatabaseOptions) {
    this.#before = before;
    this.#notReached = notReached;
    this.#pool = typeof source === "string" ? poolTo(source, connection, verify) : source;
    // A statement finds out by itself; without handlers a broken connection ends the program.
    const ignore = () => undefined;
    this.#pool.on("error", ignore);
    this.#pool.on("connect", (client) => client.on("error", ignore));
  }

  /** Calls `handler` for each connection that is new: the database behind it may be another one. */
  onConnection(handler: () => void): void {
    this.#pool.on("connect", handler);
  }

  /**
   * Runs one statement and commits it.
   *
   * @throws PaymentError STORE_NOT_REACHED when the connection was lost: whether it was committed
   *   is unknown. pg.DatabaseError when PostgreSQL refused: nothing of it happened.
   */
  async run<Row extends object>(
    { name, text }: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    await this.#before();
    const client = await this.#connect();
    try {
      const rows = await rowsOf<Row>(client, { name, text, values: [...values] });
      client.release();
      return rows;
    } catch (error) {
      const isRefused = isRefusal(error);
      // A connection that failed under a statement is of no use to the next one.
      client.release(!isRefused);
      throw isRefused ? error : this.notReached(error);
    }
  }

  /** What PostgreSQL's clock says, Unix milliseconds. @throws as `run` */
  async nowMs(): Promise<number> {
    const [row] = await this.run<{ readonly now_ms: number }>(NOW, []);
    if (row === undefined) throw new Error("bug: PostgreSQL did not say what time it is");
    return row.now_ms;
  }

  /** Whether PostgreSQL answers at all. Never throws. */
  async answers(): Promise<boolean> {
    try {
      await this.run(PING, []);
      return true;
    } catch {
      return false; // The reason comes with the next statement that matters.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  protected notReached(cause: unknown): PaymentError {
    return new PaymentError("STORE_NOT_REACHED", this.#notReached, { cause });
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (cause) {
      throw this.notReached(cause);
    }
  }
}

/**
 * By callback: the promise that pg makes itself keeps all that a statement held, rows and values,
 * from being collected with the young generation.
 */
function rowsOf<Row extends object>(
  client: pg.PoolClient,
  query: pg.QueryConfig,
): Promise<readonly Row[]> {
  return new Promise((resolve, reject) => {
    client.query<Row>(query, (error, result) => {
      // pg's types promise an error that is null where all went well.
      if (error) reject(error);
      else resolve(result.rows);
    });
  });
}

function poolTo(
  url: string,
  connection: HotDatabaseOptions["connection"],
  verify: HotDatabaseOptions["verify"],
): pg.Pool {
  return new pg.Pool({
    ...connection,
    connectionString: url,
    max: CONNECTIONS_MAX,
    options: HOT_PLAN_SETTINGS.map((setting) => `-c ${setting}`).join(" "),
    ...(verify !== undefined && {
      verify: (client: pg.ClientBase, done: (error?: Error) => void) => {
        verify(client).then(() => done(), done);
      },
    }),
  });
}

const NOW: Statement = {
  name: "now",
  text: "SELECT (extract(epoch FROM now()) * 1000)::float8 AS now_ms",
};

const PING: Statement = { name: "ping", text: "SELECT 1" };

/**
 * Connection exception; insufficient resources; cancelled, shutting down or starting up; input or
 * output failed; a standby, as found after a failover until the name points to the new primary.
 */
const CANNOT_WORK_NOW = /^(?:08|53|57|58|25006)/;

/** Whether PostgreSQL answered that it did not do this statement, because of what is in it. */
function isRefusal(error: unknown): boolean {
  // What is not an answer of PostgreSQL comes from the socket or the pool.
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return false;
  return isRefusalCode(error.code);
}

/** @param code a SQLSTATE that PostgreSQL answered. */
export function isRefusalCode(code: string): boolean {
  return !CANNOT_WORK_NOW.test(code);
}
