import { Logger, runMigrations } from "graphile-worker";
import type pg from "pg";
import {
  cannotMigrate,
  type Database,
  reasonOf,
  underMigrationLock,
} from "./migration-connection.ts";
import { type DatabaseName, type Migration, readMigrations } from "./migration-files.ts";
import { applyMigration, beginHistory, problemOf, readHistory } from "./migration-history.ts";

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
  database: Database,
  migrations?: readonly Migration[],
): Promise<readonly string[]> {
  const { name, databaseUrl } = database;
  const all = migrations ?? (await readMigrations(name));
  return await underMigrationLock(database, async (client) => {
    const missing = await missingOf(client, name, all);
    if (name === "relay") await installJobQueue(databaseUrl);
    for (const migration of missing) await apply(client, name, migration);
    return missing.map((migration) => migration.name);
  });
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

const findTablesIn = (schemas: string) => `
  SELECT format('%I.%I', schemaname, tablename) AS table_name FROM pg_tables
  WHERE schemaname IN (${schemas}) ORDER BY 1 LIMIT 1`;

const FIND_TABLES: Readonly<Record<DatabaseName, string>> = {
  relay: findTablesIn("current_schema()"),
  processor: findTablesIn("'processor', 'pin'"),
};

/** The newest migration of graphile-worker, in the version that package.json pins. */
export const JOB_QUEUE_SCHEMA = 20;

/**
 * Brings graphile-worker's own schema, `graphile_worker`, into the relay's database. The statement
 * that completes a record calls its functions, so it must be there before the first payment.
 */
async function installJobQueue(databaseUrl: string): Promise<void> {
  await runMigrations({ connectionString: databaseUrl, logger: SILENT });
}

const SILENT = new Logger(() => () => undefined);
