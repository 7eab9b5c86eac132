import pg from "pg";
import { type DatabaseProgram, databaseOf } from "../roles/program-roles.ts";
import { powersOf } from "../roles/role-powers.ts";
import { JOB_QUEUE_SCHEMA } from "./migrate.ts";
import { connected, MigrationError } from "./migration-connection.ts";
import { readMigrations } from "./migration-files.ts";
import { problemOf, readHistory } from "./migration-history.ts";

interface ToVerify {
  readonly program: DatabaseProgram;
  readonly databaseUrl: string;
  /** Whether a role that may more than its program needs is refused. */
  readonly isProduction: boolean;
}

const FORBIDDEN = "42501";

/**
 * Sees that a database has what this release of a program needs. It changes nothing: only
 * `cardlane migrate` does, as another role.
 *
 * @returns what the program's role may do beside, in words; only outside production.
 * @throws MigrationError when the database is not reached, when its schema is not the one that
 *   this release needs, and in production when the role may do more than its program needs.
 */
export async function verifySchema({
  program,
  databaseUrl,
  isProduction,
}: ToVerify): Promise<readonly string[]> {
  const name = databaseOf(program);
  const migrations = await readMigrations(name);
  return await connected({ name, databaseUrl }, async (client) => {
    const refused = (problem: string) =>
      new MigrationError(`${program} cannot use its database: ${problem}`);
    const migrate = `run \`cardlane migrate ${program}\` as the database's owner`;
    try {
      const history = await readHistory(client);
      if (history === undefined) throw refused(`it has no schema; ${migrate}`);
      const problem = problemOf(history, migrations);
      if (problem !== undefined) throw refused(problem);
      const applied = new Set(history.map((row) => row.migration_name));
      const missing = migrations.find((migration) => !applied.has(migration.name));
      if (missing !== undefined) {
        throw refused(`it lacks the migration ${missing.name} of this release; ${migrate}`);
      }
      if (name === "relay" && (await jobQueueSchema(client)) < JOB_QUEUE_SCHEMA) {
        throw refused(`its job queue is of an older release; ${migrate}`);
      }
    } catch (cause) {
      if (!(cause instanceof pg.DatabaseError) || cause.code !== FORBIDDEN) throw cause;
      throw refused(`${cause.message}; ${migrate}, and let the program's role be its role`);
    }
    const powers = await powersOf(client);
    if (isProduction && powers.length > 0) throw refused(tooMuch(powers));
    return powers;
  });
}

function tooMuch(powers: readonly string[]): string {
  return (
    `its role ${powers.join(", and ")}; production wants a role that has only the rights ` +
    "of its program, which `cardlane migrate` grants"
  );
}

async function jobQueueSchema(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ newest: number | null }>(
    "SELECT max(id) AS newest FROM graphile_worker.migrations",
  );
  return rows[0]?.newest ?? 0;
}
