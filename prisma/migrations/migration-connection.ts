import pg from "pg";
import type { DatabaseName } from "./migration-files.ts";

export interface Database {
  readonly name: DatabaseName;
  readonly databaseUrl: string;
}

/** Why a database is not as a program needs it; the message is one line for a person. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** Prisma's tools take the same advisory lock. */
const MIGRATION_LOCK = 72_707_369;

/**
 * Works on a database while nobody else migrates it.
 *
 * @throws MigrationError for whatever goes wrong.
 */
export async function underMigrationLock<Result>(
  database: Database,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  return await connected(database, async (client) => {
    // Given back when the connection ends, in whatever way it ends.
    await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    return await work(client);
  });
}

/** @throws MigrationError for whatever goes wrong. */
export async function connected<Result>(
  database: Database,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = await connect(database);
  try {
    return await work(client);
  } catch (cause) {
    throw cause instanceof MigrationError
      ? cause
      : cannotMigrate(database.name, reasonOf(cause), cause);
  } finally {
    await client.end();
  }
}

async function connect({ name, databaseUrl }: Database): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  // The next statement tells it; unheard, a database that goes now would end the program at once.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (cause) {
    const { host, port, database } = client; // Never the URL itself: it has the password.
    throw new MigrationError(
      `the ${name}'s database ${database} at ${host}:${port} cannot be used: ${reasonOf(cause)}; ` +
        "is PostgreSQL running there, and is DATABASE_URL right?",
      { cause },
    );
  }
}

export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

export function cannotMigrate(
  name: DatabaseName,
  problem: string,
  cause?: unknown,
): MigrationError {
  return new MigrationError(`cannot migrate the ${name}'s database: ${problem}`, { cause });
}
