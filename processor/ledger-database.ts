import type pg from "pg";
import { noFaults } from "../mesh/faults.ts";
import type { PrismaClient } from "../prisma/processor/client/client.ts";
import { ReadableDatabase } from "../prisma/readable-database.ts";
import { connectionOf, type DatabaseAddress, databaseOptions } from "./database.ts";

/** The processor's database: statements on the way of payments, Prisma for what people ask. */
export class LedgerDatabase extends ReadableDatabase<PrismaClient> {
  /** @param source where PostgreSQL is and who asks, or connections that a simulation made. */
  constructor(source: DatabaseAddress | DatabaseConnections, faults = noFaults) {
    const open = async () => ("pool" in source ? source.prisma : prismaTo(source));
    super(databaseOptions(source, faults), open);
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
