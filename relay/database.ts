import type pg from "pg";
import { noFaults } from "../mesh/faults.ts";
import { ReadableDatabase } from "../prisma/readable-database.ts";
import type { PrismaClient } from "../prisma/relay/client/client.ts";

/** A database that does not answer for this long counts as not reached. */
const STATEMENT_MS_MAX = 10_000;

const PATIENCE = {
  connectionTimeoutMillis: STATEMENT_MS_MAX,
  // Whether PostgreSQL is slow, or is not there any more and nobody said so.
  query_timeout: STATEMENT_MS_MAX,
};

type Verify = (client: pg.ClientBase) => Promise<void>;

/** The relay's database: raw statements for what must be fast or fenced, Prisma for reading. */
export class Database extends ReadableDatabase<PrismaClient> {
  /**
   * @param source where PostgreSQL is, or connections that a simulation made.
   * @param verify looks at each new connection before anything is done on it.
   */
  constructor(source: string | DatabaseConnections, faults = noFaults, verify?: Verify) {
    const options = {
      source: typeof source === "string" ? source : source.pool,
      before: () => faults.at("relay.database"),
      notReached: "the relay's database could not be reached",
      connection: PATIENCE,
      ...(verify !== undefined && { verify }),
    };
    super(options, async () => (typeof source === "string" ? prismaTo(source) : source.prisma));
  }
}

export interface DatabaseConnections {
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;
}

async function prismaTo(url: string): Promise<PrismaClient> {
  const { PrismaPg } = await import("@prisma/adapter-pg");
  const { PrismaClient } = await import("../prisma/relay/client/client.ts");
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: url, ...PATIENCE }) });
}
