import type { ClientBase } from "pg";

interface Power {
  readonly power: string;
}

/**
 * What the role of a connection may do and no program needs, in words such as "is a superuser":
 * whoever takes over a program has it, too.
 */
export async function powersOf(client: ClientBase): Promise<readonly string[]> {
  const { rows } = await client.query<Power>(POWERS);
  const powers = rows.map(({ power }) => power);
  return powers.includes(EVERYTHING) ? [EVERYTHING] : powers;
}

const EVERYTHING = "is a superuser";

/**
 * A role has what the roles have that it is a member of, or that it may become. Of tables, schemas
 * and functions one example is enough.
 */
const POWERS = `
  WITH own AS MATERIALIZED (
    SELECT * FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')
  ),
  owned AS (
    SELECT format('owns the database %I', datname) AS power, 1 AS place
    FROM pg_database WHERE datname = current_database() AND datdba IN (SELECT oid FROM own)
    UNION ALL
    SELECT format('owns the schema %I', nspname), 2 FROM pg_namespace
    WHERE nspowner IN (SELECT oid FROM own) AND nspname !~ '^pg_'
      AND nspname <> 'information_schema'
    UNION ALL
    SELECT format('owns the table %s', oid::regclass), 3 FROM pg_class
    WHERE relowner IN (SELECT oid FROM own) AND relkind IN ('r', 'p', 'v')
      AND relnamespace::regnamespace::text !~ '^pg_|^information_schema$'
    UNION ALL
    SELECT format('owns the function %s', oid::regprocedure), 4 FROM pg_proc
    WHERE proowner IN (SELECT oid FROM own)
      AND pronamespace::regnamespace::text !~ '^pg_|^information_schema$'
  )
  SELECT power FROM (
    SELECT '${EVERYTHING}' AS power, 0 AS place WHERE (SELECT bool_or(rolsuper) FROM own)
    UNION ALL
    SELECT 'bypasses row security', 0 WHERE (SELECT bool_or(rolbypassrls) FROM own)
    UNION ALL
    SELECT 'may create roles', 0 WHERE (SELECT bool_or(rolcreaterole) FROM own)
    UNION ALL
    SELECT 'may create databases', 0 WHERE (SELECT bool_or(rolcreatedb) FROM own)
    UNION ALL
    SELECT 'may replicate', 0 WHERE (SELECT bool_or(rolreplication) FROM own)
    UNION ALL
    SELECT format('is a member of %s', rolname), 0 FROM own
    WHERE rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files',
        'pg_write_server_files', 'pg_execute_server_program', 'pg_create_subscription',
        'pg_maintain', 'pg_signal_backend')
    UNION ALL
    (SELECT power, place FROM owned ORDER BY place, power LIMIT 1)
  ) AS found ORDER BY place, power`;
