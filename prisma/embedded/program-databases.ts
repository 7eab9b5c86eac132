import pg from "pg";
import { migrateDatabase } from "../migrations/migrate-database.ts";
import { PROGRAM_ROLES } from "../roles/program-roles.ts";
import type { EmbeddedPostgres } from "./embedded-postgres.ts";
import { OWNER_ROLE } from "./postgres-cluster.ts";

/** Any number, as long as all who make roles take the same. */
const ROLES_LOCK = 72_707_370;

/**
 * Makes a database ready for its programs: the role of each, all migrations, and what each role
 * may do. A role of its own owns everything, so no program does. May be repeated.
 *
 * @param database its name in the cluster, where that is not the usual one.
 */
export async function setUpDatabase(
  postgres: EmbeddedPostgres,
  name: (typeof PROGRAM_ROLES)[number]["database"],
  database: string = name,
): Promise<void> {
  await makeRoles(postgres);
  await postgres.createDatabase(database);
  await inDatabase(postgres, database, async (client) => {
    await client.query(
      `ALTER DATABASE ${client.escapeIdentifier(database)} OWNER TO ${OWNER_ROLE}`,
    );
    await client.query(HAND_OVER);
  });
  const own = PROGRAM_ROLES.filter((role) => role.database === name);
  await migrateDatabase({
    programs: own.map(({ program }) => program),
    databaseUrl: postgres.url(database, OWNER_ROLE),
  });
}

async function makeRoles(postgres: EmbeddedPostgres): Promise<void> {
  await inDatabase(postgres, "postgres", async (client) => {
    // Given back when the connection ends.
    await client.query("SELECT pg_advisory_lock($1)", [ROLES_LOCK]);
    for (const role of [OWNER_ROLE, ...PROGRAM_ROLES.map((one) => one.role)] as const) {
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

/**
 * In databases of releases before, the administrator owned everything. A sequence of a column and
 * the type of a table go with the table.
 */
const HAND_OVER = `
  DO $$
  DECLARE
    one text;
  BEGIN
    FOR one IN
      WITH here AS (
        SELECT oid, nspname FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
      )
      SELECT format('SCHEMA %I', nspname) FROM here WHERE nspname <> 'public'
      UNION ALL
      SELECT format('%s %s', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE'
        ELSE 'TABLE' END, pg_class.oid::regclass)
      FROM pg_class JOIN here ON relnamespace = here.oid
      WHERE relkind IN ('r', 'p', 'v') OR relkind = 'S' AND NOT EXISTS (
        SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('a', 'i')
          AND classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass)
      UNION ALL
      SELECT format('FUNCTION %s', pg_proc.oid::regprocedure)
      FROM pg_proc JOIN here ON pronamespace = here.oid
      UNION ALL
      SELECT format('TYPE %s', pg_type.oid::regtype)
      FROM pg_type JOIN here ON typnamespace = here.oid
        LEFT JOIN pg_class ON pg_class.oid = typrelid
      WHERE typtype IN ('e', 'd') OR typtype = 'c' AND relkind = 'c'
    LOOP
      EXECUTE format('ALTER %s OWNER TO ${OWNER_ROLE}', one);
    END LOOP;
  END $$`;
