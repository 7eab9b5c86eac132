import { grantRights, MissingRole } from "../roles/grant-rights.ts";
import { type DatabaseProgram, databaseOf } from "../roles/program-roles.ts";
import { applyMigrations } from "./migrate.ts";
import { cannotMigrate, underMigrationLock } from "./migration-connection.ts";

interface ToMigrate {
  /** Who uses it; processor and PIN service may share one. */
  readonly programs: readonly DatabaseProgram[];
  /** Of the role that owns it, or is to own it. */
  readonly databaseUrl: string;
}

/**
 * Brings a database to the schema of this release, and gives each program's role its rights. Any
 * number may do so at the same time, and again.
 *
 * @returns names of the migrations applied by this call
 * @throws MigrationError in one line for a person.
 */
export async function migrateDatabase({
  programs,
  databaseUrl,
}: ToMigrate): Promise<readonly string[]> {
  const [first] = programs;
  if (first === undefined) throw new Error("bug: a database without a program");
  const name = databaseOf(first);
  const database = { name, databaseUrl };
  const applied = await applyMigrations(database);
  await underMigrationLock(database, async (client) => {
    try {
      await grantRights(client, programs);
    } catch (cause) {
      throw cause instanceof MissingRole ? cannotMigrate(name, cause.message, cause) : cause;
    }
  });
  return applied;
}
