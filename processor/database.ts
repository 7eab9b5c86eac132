import pg from "pg";
import { type Faults, noFaults } from "../mesh/faults.ts";
import { HotDatabase, type HotDatabaseOptions } from "../prisma/hot-database.ts";
import type { PrismaClient } from "../prisma/processor/client/client.ts";
import { ReadableDatabase } from "../prisma/readable-database.ts";
import { reportPages } from "../prisma/report.ts";

const CONNECT_MS_MAX = 5_000;
/** Far above what a flush takes; below what a relay waits before it reverses. */
const STATEMENT_MS_MAX = 10_000;
/** PostgreSQL itself gives up before; only one that is gone says nothing until then. */
const SILENCE_MS_MAX = 12_000;

/** The database as the processor and its PIN service reach it; int8 comes as bigint. */
export class Database extends HotDatabase {
  /** @param source where PostgreSQL is and who asks, or connections that a simulation made. */
  constructor(source: DatabaseAddress | { readonly pool: pg.Pool }, faults = noFaults) {
    super(databaseOptions(source, faults));
  }
}

/** The processor's database: statements on the way of payments, Prisma for what people ask. */
export class LedgerDatabase extends ReadableDatabase<PrismaClient> {
  readonly #address: DatabaseAddress | undefined;

  /** @param source where PostgreSQL is and who asks, or connections that a simulation made. */
  constructor(source: DatabaseAddress | DatabaseConnections, faults = noFaults) {
    const open = async () => ("pool" in source ? source.prisma : prismaTo(source));
    super(databaseOptions(source, faults), open);
    this.#address = "url" in source ? source : undefined;
  }

  /**
   * The rows of one statement over the whole ledger, in pages of up to `size`.
   *
   * @throws PaymentError STORE_NOT_REACHED.
   */
  async *report<Row extends pg.QueryResultRow>(
    text: string,
    size: number,
  ): AsyncGenerator<readonly Row[]> {
    if (this.#address === undefined) throw new Error("bug: a simulation makes no report");
    const { url: connectionString, program } = this.#address;
    const own = { application_name: `${program} report`, types: { getTypeParser } };
    const address = { connectionString, connectionTimeoutMillis: CONNECT_MS_MAX, ...own };
    try {
      yield* reportPages<Row>(address, text, size);
    } catch (error) {
      throw this.notReached(error);
    }
  }
}

interface DatabaseConnections {
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;
}

async function prismaTo(address: DatabaseAddress): Promise<PrismaClient> {
  const { PrismaPg } = await import("@prisma/adapter-pg");
  const { PrismaClient } = await import("../prisma/processor/client/client.ts");
  const options = { connectionString: address.url, ...connectionOf(address) };
  return new PrismaClient({ adapter: new PrismaPg(options) });
}

interface DatabaseAddress {
  readonly url: string;
  readonly program: string;
}

function databaseOptions(
  source: DatabaseAddress | { readonly pool: pg.Pool },
  faults: Faults,
): HotDatabaseOptions {
  return {
    source: "pool" in source ? source.pool : source.url,
    before: () => faults.at("processor.database"),
    notReached: "the database did not answer",
    connection: { ...("url" in source && connectionOf(source)), types: { getTypeParser } },
  };
}

/** Who asks, and how long for. */
function connectionOf({ program }: DatabaseAddress) {
  return {
    application_name: program,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    query_timeout: SILENCE_MS_MAX,
  };
}

/** int8 as bigint; everything else as pg does it. */
export function getTypeParser(oid: number, format?: "text" | "binary") {
  if (oid === pg.types.builtins.INT8) return (text: string) => BigInt(text);
  return pg.types.getTypeParser(oid, format as "text");
}
