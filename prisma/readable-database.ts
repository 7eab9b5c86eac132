import { HotDatabase, type HotDatabaseOptions, isRefusalCode } from "./hot-database.ts";

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
  readonly #open: () => Promise<Client>;
  #prisma: Promise<Client> | undefined;

  /** @param open loads the client; called at the first question, as no payment needs one. */
  constructor(options: HotDatabaseOptions, open: () => Promise<Client>) {
    super(options);
    this.#open = open;
  }

  /**
   * Runs queries of Prisma's.
   *
   * @throws PaymentError STORE_NOT_REACHED. Prisma's own error when PostgreSQL or Prisma refused
   *   the query: a fault of the program.
   */
  async read<Answer>(query: (prisma: Client) => Promise<Answer>): Promise<Answer> {
    this.#prisma ??= this.#open();
    const prisma = await this.#prisma;
    try {
      return await query(prisma);
    } catch (error) {
      throw isRefusal(error) ? error : this.notReached(error);
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#prisma)?.$disconnect();
    await super[Symbol.asyncDispose]();
  }
}

/** What Prisma's errors have, of which their classes would have to be loaded. */
interface PrismaError {
  readonly name?: unknown;
  readonly meta?: {
    readonly driverAdapterError?: { readonly cause?: { readonly originalCode?: unknown } };
  };
}

/** Whether the query itself was refused, by Prisma or with a SQLSTATE of PostgreSQL. */
function isRefusal(error: unknown): boolean {
  const { name, meta } = (error ?? {}) as PrismaError;
  if (name === "PrismaClientValidationError") return true;
  const code = meta?.driverAdapterError?.cause?.originalCode;
  return typeof code === "string" && isRefusalCode(code);
}
