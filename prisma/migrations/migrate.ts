import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MigrationList, SchemaContainer, SchemaEngine } from "@prisma/schema-engine-wasm";
import pg from "pg";
import { installJobQueue } from "./job-queue.ts";
import { openSchemaEngine } from "./schema-engine.ts";

/** The databases of this project: each has a folder here, with its schema and its migrations. */
export type DatabaseName = "relay" | "processor";

export interface Database {
  readonly name: DatabaseName;
  readonly databaseUrl: string;
}

/** Why a database cannot be brought to its schema; nothing of the failed migration has happened. */
class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** Any number that nobody else uses for a PostgreSQL advisory lock in these databases. */
const MIGRATION_LOCK = 7_319_001;

/** Where in its own source the engine was; of no use to the reader of a message. */
const ENGINE_TRACE = /\n +0: .*$/s;

const FILTERS = { externalTables: [], externalEnums: [] };

/**
 * Applies the migrations that a database does not have yet. Any number of programs may do so at the
 * same time: one works, the others wait for it.
 *
 * @returns names of the migrations applied by this call
 * @throws MigrationError
 */
export async function applyMigrations({ name, databaseUrl }: Database): Promise<readonly string[]> {
  const client = await connect({ name, databaseUrl });
  try {
    // Given back when the connection ends, in whatever way it ends.
    await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    if (name === "relay") await installJobQueue(databaseUrl);
    return await apply({ name, databaseUrl });
  } finally {
    await client.end();
  }
}

/**
 * Compares a database with its schema.prisma and its migrations. What Prisma has no words for, such
 * as functions and CHECK constraints, is compared only by the fingerprints of the migrations.
 *
 * @returns what differs, for a person to read; empty when nothing does
 */
export async function schemaDrift({ name, databaseUrl }: Database): Promise<string> {
  const schema = await readSchema(name);
  await using connection = await openSchemaEngine({ databaseUrl, schema });
  const { editedMigrationNames, failedMigrationNames, history } = await diagnose(
    connection.engine,
    await readMigrations(name),
  );
  const sql = await missingStatements(connection.engine, schema);
  return [
    ...editedMigrationNames.map((migration) => `edited after it was applied: ${migration}`),
    ...failedMigrationNames.map((migration) => `failed: ${migration}`),
    ...(history === null ? [] : [`other migrations than on disk: ${JSON.stringify(history)}`]),
    ...(sql === "" ? [] : [`from the database to schema.prisma:\n${sql}`]),
  ].join("\n");
}

/** SQL that would bring a database to its schema.prisma; empty when it is there. */
export async function statementsTowardsSchema({ name, databaseUrl }: Database): Promise<string> {
  const schema = await readSchema(name);
  await using connection = await openSchemaEngine({ databaseUrl, schema });
  return await missingStatements(connection.engine, schema);
}

export function migrationsDirectory(name: DatabaseName): string {
  return join(import.meta.dirname, "..", name, "migrations");
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
    const reason = cause instanceof Error ? cause.message : cause;
    throw new MigrationError(
      `the ${name}'s database ${database} at ${host}:${port} cannot be used: ${reason}; ` +
        "is PostgreSQL running there, and is DATABASE_URL right?",
      { cause },
    );
  }
}

async function apply({ name, databaseUrl }: Database): Promise<readonly string[]> {
  const schema = await readSchema(name);
  const migrationsList = await readMigrations(name);
  await using connection = await openSchemaEngine({ databaseUrl, schema });
  try {
    await takeBackFailed(connection.engine, migrationsList);
    const input = { migrationsList, filters: FILTERS };
    return (await connection.engine.applyMigrations(input)).appliedMigrationNames;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(ENGINE_TRACE, "") : cause;
    throw new MigrationError(`cannot migrate the ${name}'s database: ${reason}`, { cause });
  }
}

/** A migration is one transaction: one that failed left nothing behind, and may be tried again. */
async function takeBackFailed(engine: SchemaEngine, migrationsList: MigrationList): Promise<void> {
  const { failedMigrationNames } = await diagnose(engine, migrationsList);
  for (const migrationName of failedMigrationNames) {
    await engine.markMigrationRolledBack({ migrationName });
  }
}

function diagnose(engine: SchemaEngine, migrationsList: MigrationList) {
  const input = { migrationsList, filters: FILTERS, optInToShadowDatabase: false };
  return engine.diagnoseMigrationHistory(input);
}

async function missingStatements(engine: SchemaEngine, schema: SchemaContainer): Promise<string> {
  const { exitCode, stdout } = await engine.diff({
    from: { tag: "schemaDatasource", files: [schema], configDir: join(import.meta.dirname, "..") },
    to: { tag: "schemaDatamodel", files: [schema] },
    script: true,
    exitCode: true,
    filters: FILTERS,
  });
  return exitCode === 0 ? "" : (stdout ?? "");
}

async function readSchema(name: DatabaseName): Promise<SchemaContainer> {
  const path = join(import.meta.dirname, "..", name, "schema.prisma");
  return { path, content: await readFile(path, "utf8") };
}

async function readMigrations(name: DatabaseName): Promise<MigrationList> {
  const baseDir = migrationsDirectory(name);
  const entries = existsSync(baseDir) ? await readdir(baseDir, { withFileTypes: true }) : [];
  const directories = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return {
    baseDir,
    lockfile: { path: "migration_lock.toml", content: 'provider = "postgresql"\n' },
    shadowDbInitScript: "",
    migrationDirectories: await Promise.all(
      directories.sort().map(async (path) => {
        const value = await readFile(join(baseDir, path, "migration.sql"), "utf8");
        return { path, migrationFile: { path: "migration.sql", content: { tag: "ok", value } } };
      }),
    ),
  };
}
