import pg from "pg";
import { PaymentError } from "../payment/errors.ts";

/** The load of one program is a few flushes at a time; more connections only wait in line. */
const CONNECTIONS_MAX = 8;
const CONNECT_MS_MAX = 5_000;
/** Far above what a flush takes; below what a relay waits before it reverses. */
const STATEMENT_MS_MAX = 10_000;
/** PostgreSQL itself gives up before; only one that is gone says nothing until then. */
const SILENCE_MS_MAX = 12_000;

/**
 * Settings of every connection here. A generic plan is made once, perhaps on empty tables, and
 * kept: it must go by the indexes, however small the tables were.
 */
const PLAN_SETTINGS = [
  "plan_cache_mode=force_generic_plan",
  "enable_seqscan=off",
  "enable_hashjoin=off",
  "enable_mergejoin=off",
];

/** A statement that is prepared once per connection. `name` is unique in the program. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** The connections to one PostgreSQL database, for single statements: no transactions. */
export class Database implements AsyncDisposable {
  readonly #pool: pg.Pool;

  constructor({ url, program }: { readonly url: string; readonly program: string }) {
    this.#pool = new pg.Pool({
      connectionString: url,
      application_name: program,
      max: CONNECTIONS_MAX,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      options: PLAN_SETTINGS.map((setting) => `-c ${setting}`).join(" "),
      statement_timeout: STATEMENT_MS_MAX,
      query_timeout: SILENCE_MS_MAX,
      types: { getTypeParser },
    });
    // A connection that was lost while idle is replaced when the next one is needed.
    this.#pool.on("error", () => undefined);
  }

  /**
   * Runs one statement and commits it.
   *
   * @throws PaymentError STORE_NOT_REACHED when the connection was lost: whether it was committed
   *   is unknown. pg.DatabaseError when PostgreSQL refused: nothing of it happened.
   */
  async run<Row extends object>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    try {
      const { rows } = await this.#pool.query<Row>({ ...statement, values: [...values] });
      return rows;
    } catch (cause) {
      throw isAboutTheConnection(cause)
        ? new PaymentError("STORE_NOT_REACHED", "the database did not answer", { cause })
        : cause;
    }
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
}

const PING = { name: "ping", text: "SELECT 1" };

/** Whether another transaction got in between: reading again and deciding again will do. */
export function isLostRace(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  const isLimit = error.code === CHECK_VIOLATION && error.table === "account";
  return isLimit || LOST_RACES.includes(error.code ?? "");
}

const CHECK_VIOLATION = "23514";
/** Unique violation, serialization failure, deadlock detected. */
const LOST_RACES = ["23505", "40001", "40P01"];

/**
 * Connection exception; insufficient resources; cancelled, shutting down or starting up; input or
 * output failed; a standby, as found after a failover until the name points to the new primary.
 */
const NOT_REACHED = /^(?:08|53|57|58|25006)/;

function isAboutTheConnection(error: unknown): boolean {
  // What is not an answer of PostgreSQL comes from the socket or the pool.
  if (!(error instanceof pg.DatabaseError)) return true;
  return NOT_REACHED.test(error.code ?? "08");
}

/** int8 as bigint; everything else as pg does it. */
function getTypeParser(oid: number, format?: "text" | "binary") {
  if (oid === pg.types.builtins.INT8) return (text: string) => BigInt(text);
  return pg.types.getTypeParser(oid, format as "text");
}
