import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { PROGRAM_ROLES, type ProgramRole } from "../roles/program-roles.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./embedded-postgres.ts";
import { setUpDatabase } from "./program-databases.ts";

let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let postgres: EmbeddedPostgres;

beforeAll(async () => {
  home = await temporaryDirectory();
  postgres = await startEmbeddedPostgres({ dataDirectory: `${home.path}/postgres` });
  for (const name of ["relay", "processor"] as const) await setUpDatabase(postgres, name);
}, 60_000);

afterAll(async () => {
  await postgres.stop();
  await home[Symbol.asyncDispose]();
});

const databaseOf = (role: ProgramRole) =>
  PROGRAM_ROLES.find((one) => one.role === role)?.database ?? "postgres";

/** Runs it in a transaction that is taken back. @returns SQLSTATE, or "" when it works. */
async function sqlstate(role: ProgramRole, sql: string, database: string = databaseOf(role)) {
  const client = new pg.Client(postgres.connectionOptions(database, role));
  try {
    await client.connect();
    await client.query(`BEGIN; ${sql}; ROLLBACK`);
    return "";
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error.code;
    throw error;
  } finally {
    await client.end();
  }
}

const EVERYBODY_MAY_NOT = [
  "SET session_replication_role = replica",
  "COPY (SELECT 1) TO PROGRAM 'true'",
  "COPY (SELECT 1) TO '/tmp/cardlane'",
  "SELECT pg_read_file('PG_VERSION')",
  "CREATE TABLE public.mine (id int)",
  "CREATE TEMP TABLE mine (id int)",
  "CREATE SCHEMA mine",
  "CREATE ROLE mine SUPERUSER",
  "SET ROLE cardlane",
  "DELETE FROM _prisma_migrations",
];

const MAY_NOT: readonly (readonly [ProgramRole, string])[] = [
  ...PROGRAM_ROLES.flatMap(({ role }) => EVERYBODY_MAY_NOT.map((sql) => [role, sql] as const)),
  ["cardlane_relay", "ALTER TABLE record DISABLE TRIGGER ALL"],
  ["cardlane_relay", "UPDATE audit_entry SET actor = ''"],
  ["cardlane_relay", "TRUNCATE record"],
  ["cardlane_relay", "UPDATE record SET payment_id = gen_random_uuid()"],
  ["cardlane_relay", "UPDATE record SET merchant_id = ''"],
  ["cardlane_relay", "UPDATE record_event SET state = ''"],
  ["cardlane_relay", "UPDATE notification SET address = ''"],
  ["cardlane_relay", "UPDATE webhook SET url = ''"],
  ["cardlane_relay", "UPDATE opt_out SET since = now()"],
  ["cardlane_relay", "DELETE FROM record"],
  ["cardlane_relay", "DELETE FROM sealed_payment"],
  ["cardlane_relay", "UPDATE sealed_payment SET box = ''"],
  ["cardlane_relay", "TRUNCATE sealed_payment_0"],
  ["cardlane_relay", "SELECT FROM sealed_payment_0"],
  ["cardlane_relay", "DROP TABLE graphile_worker._private_jobs"],
  ["cardlane_processor", "UPDATE processor.posting SET amount_minor = 1"],
  ["cardlane_processor", "DELETE FROM processor.posting"],
  ["cardlane_processor", "UPDATE processor.payment SET total_minor = 1"],
  ["cardlane_processor", "UPDATE processor.payment SET record_number = ''"],
  ["cardlane_processor", "UPDATE processor.account SET credit_minor = 1"],
  ["cardlane_processor", "UPDATE processor.account SET holder = ''"],
  ["cardlane_processor", "UPDATE processor.card SET status = ''"],
  ["cardlane_processor", "UPDATE processor.merchant SET simulate_by_amount = true"],
  ["cardlane_processor", "UPDATE processor.held_reversal SET reason = ''"],
  ["cardlane_processor", "TRUNCATE processor.posting"],
  ["cardlane_processor", "ALTER TABLE processor.posting DISABLE TRIGGER ALL"],
  ["cardlane_processor", "DROP TRIGGER posting_is_append_only ON processor.posting"],
  ["cardlane_processor", "DELETE FROM processor.audit_entry"],
  ["cardlane_processor", "UPDATE pin.card SET tries_left = 3"],
  ["cardlane_processor", "SELECT FROM pin.verdict"],
  ["cardlane_pin_service", "UPDATE processor.account SET balance_minor = 0"],
  ["cardlane_pin_service", "SELECT FROM processor.payment"],
  ["cardlane_pin_service", "DELETE FROM pin.verdict"],
  ["cardlane_pin_service", "UPDATE pin.card SET card_token = ''"],
  ["cardlane_pin_service", "UPDATE pin.verdict SET verdict = 'VERIFIED'"],
];

const MAY: readonly (readonly [ProgramRole, string])[] = [
  ...PROGRAM_ROLES.map(({ role }) => [role, "SELECT FROM _prisma_migrations"] as const),
  ["cardlane_relay", "SELECT FROM record FOR UPDATE"],
  ["cardlane_relay", "UPDATE record SET lease_owner = ''"],
  ["cardlane_relay", "DELETE FROM record_event"],
  ["cardlane_relay", "SELECT graphile_worker.add_job('any', '{}')"],
  ["cardlane_relay", "DELETE FROM graphile_worker._private_jobs"],
  ["cardlane_relay", "SELECT FROM audit_entry"],
  ["cardlane_relay", "SELECT remove_old_records(30, false, 1)"],
  ["cardlane_relay", "SELECT empty_sealed_slot(0, 1)"],
  ["cardlane_processor", "SELECT FROM processor.posting"],
  ["cardlane_processor", "UPDATE processor.account SET balance_minor = 0"],
  ["cardlane_processor", "SELECT FROM processor.payment FOR UPDATE"],
  ["cardlane_processor", "SELECT nextval('processor.retrieval_reference_block')"],
  ["cardlane_processor", "UPDATE processor.registry_revision SET revision = 1"],
  ["cardlane_pin_service", "UPDATE pin.card SET tries_left = DEFAULT"],
  ["cardlane_pin_service", "SELECT FROM pin.verdict"],
  ["cardlane_pin_service", "SELECT FROM processor.audit_entry"],
];

describe("a program's role", () => {
  test.each(MAY_NOT)("%s may not: %s", async (role, sql) => {
    expect(await sqlstate(role, sql)).toBe("42501");
  });

  test.each(MAY)("%s may: %s", async (role, sql) => {
    expect(await sqlstate(role, sql)).toBe("");
  });

  test.each([
    ["cardlane_relay", "processor"],
    ["cardlane_processor", "relay"],
    ["cardlane_pin_service", "relay"],
  ] as const)("%s may not even connect to the database %s", async (role, database) => {
    expect(await sqlstate(role, "SELECT 1", database)).toBe("42501");
  });
});

test.each(["relay", "processor"] as const)(
  "%s: each table is granted, and none owned",
  async (of) => {
    const client = new pg.Client(postgres.connectionOptions(of));
    await client.connect();
    const { rows } = await client.query(FORGOTTEN, [PROGRAM_ROLES.map(({ role }) => role)]);
    await client.end();
    expect(rows).toEqual([]);
  },
);

test.each(["relay", "processor"] as const)(
  "%s: everything belongs to the owner, and no function to everybody",
  async (of) => {
    const client = new pg.Client(postgres.connectionOptions(of));
    await client.connect();
    const { rows: owners } = await client.query(OWNERS);
    const { rows: open } = await client.query(OPEN_FUNCTIONS);
    await client.end();
    expect(owners).toEqual([{ owner: "cardlane_owner" }]);
    expect(open).toEqual([]);
  },
);

const OWNERS = `
  SELECT DISTINCT pg_get_userbyid(owner) AS owner FROM (
    SELECT relowner, relnamespace FROM pg_class
    UNION ALL SELECT proowner, pronamespace FROM pg_proc
    UNION ALL SELECT typowner, typnamespace FROM pg_type
    UNION ALL SELECT nspowner, oid FROM pg_namespace WHERE nspname <> 'public'
    UNION ALL SELECT datdba, 'public'::regnamespace FROM pg_database
      WHERE datname = current_database()
  ) AS owned (owner, namespace)
  WHERE namespace::regnamespace::text !~ '^pg_|^information_schema$'`;

const OPEN_FUNCTIONS = `
  SELECT oid::regprocedure::text AS open FROM pg_proc
  WHERE pronamespace::regnamespace::text !~ '^pg_|^information_schema$'
    AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))`;

const FORGOTTEN = `
  SELECT oid::regclass::text AS forgotten FROM pg_class
  WHERE relkind IN ('r', 'p', 'v', 'S') AND NOT relispartition
    AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    AND (pg_get_userbyid(relowner) = ANY ($1) OR NOT EXISTS (
      SELECT FROM aclexplode(relacl) WHERE pg_get_userbyid(grantee) = ANY ($1)))`;
