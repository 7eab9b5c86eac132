import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PaymentError } from "../payment/errors.ts";
import { PrismaClient } from "../prisma/relay/client/client.ts";

/** Enough for one flush of each kind, the sweep, watchers and queries at the same time. */
const CONNECTIONS_MAX = 8;
/** A database that does not answer for this long counts as not reached. */
const STATEMENT_MS_MAX = 10_000;

/**
 * Plans made while a table is empty would stay sequential scans for ever, because the statements
 * are prepared by name.
 */
const PLANNER = [
  "plan_cache_mode=force_generic_plan",
  "enable_seqscan=off",
  "enable_hashjoin=off",
  "enable_mergejoin=off",
];

/** The relay's database: raw statements for what must be fast or fenced, Prisma for reading. */
export class Database implements AsyncDisposable {
  readonly prisma: PrismaClient;
  readonly #pool: pg.Pool;

  constructor(databaseUrl: string) {
    const patience = {
      connectionTimeoutMillis: STATEMENT_MS_MAX,
      // Whether PostgreSQL is slow, or is not there any more and nobody said so.
      query_timeout: STATEMENT_MS_MAX,
    };
    this.#pool = new pg.Pool({
      connectionString: databaseUrl,
      max: CONNECTIONS_MAX,
      ...patience,
      options: PLANNER.map((setting) => `-c ${setting}`).join(" "),
    });
    // The next statement finds out; without a handler a broken idle connection ends the program.
    this.#pool.on("error", () => undefined);
    this.prisma = new PrismaClient({
      adapter: new PrismaPg({ connectionString: databaseUrl, ...patience }),
    });
  }

  /**
   * Runs one statement, prepared under `name` the first time a connection sees it.
   *
   * @throws PaymentError STORE_NOT_REACHED when it is not known whether it happened.
   */
  async run<Row extends pg.QueryResultRow>(
    { name, text }: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    const client = await this.#connect();
    // The statement fails with it; a connection that nobody listened to would end the program.
    const ignore = () => undefined;
    client.on("error", ignore);
    try {
      const { rows } = await client.query<Row>({ name, text, values: [...values] });
      client.release();
      return rows;
    } catch (error) {
      const isRefused = isRefusal(error);
      // A connection that failed under a statement is of no use to the next one.
      client.release(!isRefused);
      throw isRefused ? error : notReached(error);
    } finally {
      client.off("error", ignore);
    }
  }

  /** Runs a query of Prisma's with the same errors. */
  async read<Answer>(query: (prisma: PrismaClient) => Promise<Answer>): Promise<Answer> {
    try {
      return await query(this.prisma);
    } catch (cause) {
      throw notReached(cause);
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (cause) {
      throw notReached(cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.prisma.$disconnect();
    await this.#pool.end();
  }
}

export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** SQLSTATE classes with which PostgreSQL says that it cannot work now, whatever the statement. */
const UNAVAILABLE_CLASSES = ["08", "53", "57", "58"];
/** A standby, as found after a failover until the name points to the new primary. */
const READ_ONLY = "25006";

/** Whether PostgreSQL answered that it did not do this statement, because of what is in it. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return false;
  return error.code !== READ_ONLY && !UNAVAILABLE_CLASSES.includes(error.code.slice(0, 2));
}

function notReached(cause: unknown): PaymentError {
  return new PaymentError("STORE_NOT_REACHED", "the relay's database could not be reached", {
    cause,
  });
}
