import { Logger, runMigrations } from "graphile-worker";
import pg from "pg";
import { type DatabaseName, type Migration, readMigrations } from "./migration-files.ts";
import { applyMigration, beginHistory, problemOf, readHistory } from "./migration-history.ts";

export interface Database {
  readonly name: DatabaseName;
  readonly databaseUrl: string;
}

/** Why a database cannot be brought to its schema; the message is one line for a person. */
class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** Prisma's tools take the same advisory lock. */
const MIGRATION_LOCK = 72_707_369;

/**
 * Applies the migrations that a database does not have yet. Any number of programs may do so at the
 * same time: one works, the others wait for it.
 *
 * @param migrations all that there are; those of this release unless a test says otherwise.
 * @returns names of the migrations applied by this call
 * @throws MigrationError when the database is not reached, when its history is not the beginning of
 *   these migrations, and when one of them fails
 */
export async function applyMigrations(
  { name, databaseUrl }: Database,
  migrations?: readonly Migration[],
): Promise<readonly string[]> {
  const all = migrations ?? (await readMigrations(name));
  const client = await connect({ name, databaseUrl });
  try {
    // Given back when the connection ends, in whatever way it ends.
    await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    const missing = await missingOf(client, name, all);
    if (name === "relay") await installJobQueue(databaseUrl);
    for (const migration of missing) await apply(client, name, migration);
    return missing.map((migration) => migration.name);
  } catch (cause) {
    throw cause instanceof MigrationError ? cause : cannotMigrate(name, reasonOf(cause), cause);
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

/** @throws MigrationError when this is no database to go on with. */
async function missingOf(
  client: pg.Client,
  name: DatabaseName,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  const history = await readHistory(client);
  if (history === undefined) {
    await requireEmpty(client, name);
    await beginHistory(client);
    return migrations;
  }
  const problem = problemOf(history, migrations);
  if (problem !== undefined) throw cannotMigrate(name, problem);
  const applied = new Set(history.map((row) => row.migration_name));
  return migrations.filter((migration) => !applied.has(migration.name));
}

/** Tables without a history are somebody else's. */
async function requireEmpty(client: pg.Client, name: DatabaseName): Promise<void> {
  const { rows } = await client.query<{ table_name: string }>(FIND_TABLES[name]);
  const [first] = rows;
  if (first === undefined) return;
  const problem =
    `it is not empty, and has no history of migrations: there is a table ${first.table_name}; ` +
    "DATABASE_URL must name a database that nobody else uses";
  throw cannotMigrate(name, problem);
}

async function apply(client: pg.Client, name: DatabaseName, migration: Migration): Promise<void> {
  try {
    await applyMigration(client, migration);
  } catch (cause) {
    throw cannotMigrate(name, `migration ${migration.name} failed: ${reasonOf(cause)}`, cause);
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function cannotMigrate(name: DatabaseName, problem: string, cause?: unknown): MigrationError {
  return new MigrationError(`cannot migrate the ${name}'s database: ${problem}`, { cause });
}

const findTablesIn = (schemas: string) => `
  SELECT format('%I.%I', schemaname, tablename) AS table_name FROM pg_tables
  WHERE schemaname IN (${schemas}) ORDER BY 1 LIMIT 1`;

const FIND_TABLES: Readonly<Record<DatabaseName, string>> = {
  relay: findTablesIn("current_schema()"),
  processor: findTablesIn("'processor', 'pin'"),
};

/**
 * Brings graphile-worker's own schema, `graphile_worker`, into the relay's database. The statement
 * that completes a record calls its functions, so it must be there before the first payment.
 */
async function installJobQueue(databaseUrl: string): Promise<void> {
  await runMigrations({ connectionString: databaseUrl, logger: SILENT });
}

const SILENT = new Logger(() => () => undefined);
