import { HotDatabase, type HotDatabaseOptions } from "./hot-database.ts";

/** For `$transaction` of Prisma: its queries see the database as it was at one moment. */
export const ONE_MOMENT = {
  isolationLevel: "RepeatableRead",
  /** For a connection, and for all queries together, in milliseconds. */
  maxWait: 5_000,
  timeout: 10_000,
} as const;

interface PrismaConnection {
  $disconnect(): Promise<void>;
}

/** A database with Prisma's generated client, for what people ask, on connections of its own. */
export class ReadableDatabase<Client extends PrismaConnection> extends HotDatabase {
  readonly #prisma: Client;

  constructor(options: HotDatabaseOptions, prisma: Client) {
    super(options);
    this.#prisma = prisma;
  }

  /** Runs queries of Prisma's. @throws PaymentError STORE_NOT_REACHED */
  async read<Answer>(query: (prisma: Client) => Promise<Answer>): Promise<Answer> {
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
