import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MigrationList, SchemaContainer, SchemaEngine } from "@prisma/schema-engine-wasm";
import type { Database } from "../../prisma/migrations/migration-connection.ts";
import {
  type DatabaseName,
  migrationsDirectory,
  readMigrations,
} from "../../prisma/migrations/migration-files.ts";
import { openSchemaEngine } from "./schema-engine.ts";

const FILTERS = { externalTables: [], externalEnums: [] };

/**
 * Compares a database with its schema.prisma and its migrations. What Prisma has no words for, such
 * as functions and CHECK constraints, is compared only by the checksums of the migrations.
 *
 * @returns what differs, for a person to read; empty when nothing does
 */
export async function schemaDrift({ name, databaseUrl }: Database): Promise<string> {
  const schema = await readSchema(name);
  await using connection = await openSchemaEngine({ databaseUrl, schema });
  const { editedMigrationNames, failedMigrationNames, history } =
    await connection.engine.diagnoseMigrationHistory({
      migrationsList: await migrationList(name),
      filters: FILTERS,
      optInToShadowDatabase: false,
    });
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

/** What `prisma migrate deploy` does. @returns names of the migrations that it applied */
export async function deployWithPrisma({
  name,
  databaseUrl,
}: Database): Promise<readonly string[]> {
  const schema = await readSchema(name);
  await using connection = await openSchemaEngine({ databaseUrl, schema });
  const input = { migrationsList: await migrationList(name), filters: FILTERS };
  return (await connection.engine.applyMigrations(input)).appliedMigrationNames;
}

async function missingStatements(engine: SchemaEngine, schema: SchemaContainer): Promise<string> {
  const { exitCode, stdout } = await engine.diff({
    from: { tag: "schemaDatasource", files: [schema], configDir: directoryOf("") },
    to: { tag: "schemaDatamodel", files: [schema] },
    script: true,
    exitCode: true,
    filters: FILTERS,
  });
  return exitCode === 0 ? "" : (stdout ?? "");
}

async function readSchema(name: DatabaseName): Promise<SchemaContainer> {
  const path = join(directoryOf(name), "schema.prisma");
  return { path, content: await readFile(path, "utf8") };
}

async function migrationList(name: DatabaseName): Promise<MigrationList> {
  const migrations = await readMigrations(name);
  return {
    baseDir: migrationsDirectory(name),
    lockfile: { path: "migration_lock.toml", content: 'provider = "postgresql"\n' },
    shadowDbInitScript: "",
    migrationDirectories: migrations.map(({ name: path, sql: value }) => {
      return { path, migrationFile: { path: "migration.sql", content: { tag: "ok", value } } };
    }),
  };
}

function directoryOf(name: DatabaseName | ""): string {
  return join(import.meta.dirname, "../../prisma", name);
}
