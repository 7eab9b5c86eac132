// Writes the migration that brings a database from its last migration to its schema.prisma:
// npm run migration -- relay add_terminal_name

import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../prisma/embedded/embedded-postgres.ts";
import { applyMigrations } from "../../prisma/migrations/migrate.ts";
import { type DatabaseName, migrationsDirectory } from "../../prisma/migrations/migration-files.ts";
import { statementsTowardsSchema } from "./schema-drift.ts";

const USAGE = "usage: npm run migration -- relay|processor what_it_does";

const [name, purpose] = process.argv.slice(2);
if (!isDatabaseName(name) || purpose === undefined || !/^[a-z0-9_]+$/.test(purpose)) {
  console.error(USAGE);
  process.exitCode = 1;
} else {
  console.log(await writeMigration(name, purpose));
}

function isDatabaseName(text: string | undefined): text is DatabaseName {
  return text === "relay" || text === "processor";
}

/** @returns what was done, for a person */
async function writeMigration(name: DatabaseName, purpose: string): Promise<string> {
  const sql = await difference(name);
  if (sql === "") return `${name}/schema.prisma says nothing that its migrations do not do`;

  const directory = migrationsDirectory(name);
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${nextNumber(await readdir(directory))}_${purpose}`);
  await mkdir(path);
  await writeFile(join(path, "migration.sql"), sql);
  return `${path}/migration.sql: read it, and add what Prisma has no words for`;
}

/** Migrations are applied in the order of their names. */
function nextNumber(names: readonly string[]): string {
  const numbers = names.map((name) => Number.parseInt(name, 10)).filter(Number.isInteger);
  return String(Math.max(0, ...numbers) + 1).padStart(4, "0");
}

/** Migrates an empty database of its own, and asks what is missing there. */
async function difference(name: DatabaseName): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "cardlane-migration-"));
  try {
    await using postgres = await startEmbeddedPostgres({ dataDirectory: join(home, "postgres") });
    await postgres.createDatabase(name);
    const database = { name, databaseUrl: postgres.url(name) };
    await applyMigrations(database);
    return await statementsTowardsSchema(database);
  } finally {
    await rm(home, { recursive: true });
  }
}
