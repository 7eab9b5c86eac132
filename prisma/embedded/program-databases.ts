import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { applyMigrations, type Database } from "../migrations/migrate.ts";
import type { EmbeddedPostgres } from "./embedded-postgres.ts";
import { PROGRAM_ROLES } from "./postgres-cluster.ts";

/** Any number, as long as all who make roles take the same. */
const ROLES_LOCK = 72_707_370;

/**
 * Makes a database ready for its programs: the role of each, all migrations, and what each role
 * may do. The cluster's administrator owns everything, so no program does. May be repeated.
 *
 * @param database its name in the cluster, where that is not the usual one.
 */
export async function setUpDatabase(
  postgres: EmbeddedPostgres,
  name: Database["name"],
  database: string = name,
): Promise<void> {
  await makeRoles(postgres);
  await postgres.createDatabase(database);
  const databaseUrl = postgres.url(database);
  await applyMigrations({ name, databaseUrl });
  const grants = await readFile(join(import.meta.dirname, "..", name, "grants.sql"), "utf8");
  await inDatabase(postgres, database, async (client) => {
    const { rows } = await client.query<{ name: string }>("SELECT current_database() AS name");
    const own = client.escapeIdentifier(rows[0]?.name ?? database);
    const roles = PROGRAM_ROLES.filter(({ database: of }) => of === name).map(({ role }) => role);
    await client.query(`BEGIN; ${grants};
      REVOKE ALL ON DATABASE ${own} FROM PUBLIC;
      GRANT CONNECT ON DATABASE ${own} TO ${roles.join(", ")};
      COMMIT`);
  });
}

async function makeRoles(postgres: EmbeddedPostgres): Promise<void> {
  await inDatabase(postgres, "postgres", async (client) => {
    // Given back when the connection ends.
    await client.query("SELECT pg_advisory_lock($1)", [ROLES_LOCK]);
    for (const { role } of PROGRAM_ROLES) {
      const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [role]);
      if (rowCount === 1) continue;
      const { password } = postgres.connectionOptions("postgres", role);
      await client.query(`CREATE ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    }
  });
}

async function inDatabase(
  postgres: EmbeddedPostgres,
  database: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client(postgres.connectionOptions(database));
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
