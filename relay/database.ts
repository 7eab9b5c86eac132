import { PrismaPg } from "@prisma/adapter-pg";
import type pg from "pg";
import { noFaults } from "../mesh/faults.ts";
import { HotDatabase } from "../prisma/hot-database.ts";
import { PrismaClient } from "../prisma/relay/client/client.ts";

/** A database that does not answer for this long counts as not reached. */
const STATEMENT_MS_MAX = 10_000;

const PATIENCE = {
  connectionTimeoutMillis: STATEMENT_MS_MAX,
  // Whether PostgreSQL is slow, or is not there any more and nobody said so.
  query_timeout: STATEMENT_MS_MAX,
};

/** The relay's database: raw statements for what must be fast or fenced, Prisma for reading. */
export class Database extends HotDatabase {
  readonly #prisma: PrismaClient;

  /** @param source where PostgreSQL is, or connections that a simulation made. */
  constructor(source: string | DatabaseConnections, faults = noFaults) {
    super({
      source: typeof source === "string" ? source : source.pool,
      before: () => faults.at("relay.database"),
      notReached: "the relay's database could not be reached",
      connection: PATIENCE,
    });
    this.#prisma = typeof source === "string" ? prismaTo(source) : source.prisma;
  }

  /** Runs a query of Prisma's with the same errors. */
  async read<Answer>(query: (prisma: PrismaClient) => Promise<Answer>): Promise<Answer> {
    try {
      return await query(this.#prisma);
    } catch (cause) {
      throw this.notReached(cause);
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.#prisma.$disconnect();
    await super[Symbol.asyncDispose]();
  }
}

export interface DatabaseConnections {
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;
}

function prismaTo(url: string): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: url, ...PATIENCE }) });
}
