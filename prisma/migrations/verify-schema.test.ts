import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../embedded/embedded-postgres.ts";
import { OWNER_ROLE } from "../embedded/postgres-cluster.ts";
import { setUpDatabase } from "../embedded/program-databases.ts";
import { type DatabaseProgram, PROGRAM_ROLES } from "../roles/program-roles.ts";
import { migrateDatabase } from "./migrate-database.ts";
import { verifySchema } from "./verify-schema.ts";

let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let postgres: EmbeddedPostgres;

beforeAll(async () => {
  home = await temporaryDirectory();
  postgres = await startEmbeddedPostgres({ dataDirectory: `${home.path}/postgres` });
  for (const name of ["relay", "processor"] as const) await setUpDatabase(postgres, name);
  await run("postgres", "CREATE ROLE somebody LOGIN PASSWORD 'test'");
}, 60_000);

afterAll(async () => {
  await postgres.stop();
  await home[Symbol.asyncDispose]();
});

async function run(database: string, sql: string): Promise<readonly object[]> {
  const client = new pg.Client(postgres.connectionOptions(database));
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** As the role that is not one of ours, in the relay's database. */
const somebodysUrl = (database: string) =>
  `postgresql://somebody:test@127.0.0.1:${postgres.port}/${database}`;

async function databaseOfItsOwn(name: string) {
  await postgres.createDatabase(name);
  return {
    name,
    url: postgres.url(name),
    [Symbol.asyncDispose]: async () => {
      await run("postgres", `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

describe.each(PROGRAM_ROLES)("$program", ({ program, role, database }) => {
  test("starts with its role on a database that was migrated, also in production", async () => {
    const databaseUrl = postgres.url(database, role);
    expect(await verifySchema({ program, databaseUrl, isProduction: true })).toEqual([]);
  });

  test.each([
    ["the administrator", undefined, "is a superuser"],
    ["the owner", OWNER_ROLE, `owns the database ${database}`],
  ] as const)("in production it refuses the role of %s", async (_, other, why) => {
    const databaseUrl = postgres.url(database, other);
    const verifying = verifySchema({ program, databaseUrl, isProduction: true });
    await expect(verifying).rejects.toThrow(`${program} cannot use its database: its role ${why}`);
    expect(await verifySchema({ program, databaseUrl, isProduction: false })).toContain(why);
  });

  test("does not start without a schema, and makes none", async () => {
    await using empty = await databaseOfItsOwn("without_schema");
    const verifying = verifySchema({ program, databaseUrl: empty.url, isProduction: false });
    await expect(verifying).rejects.toThrow(
      `${program} cannot use its database: it has no schema; run \`cardlane migrate ${program}\``,
    );
    const tables = "SELECT FROM pg_tables WHERE schemaname !~ '^pg_|^information_schema$'";
    expect(await run(empty.name, tables)).toEqual([]);
  });
});

const RIGHTS = [
  ["SUPERUSER", "NOSUPERUSER", "is a superuser"],
  ["BYPASSRLS", "NOBYPASSRLS", "bypasses row security"],
  ["CREATEROLE", "NOCREATEROLE", "may create roles"],
  ["CREATEDB", "NOCREATEDB", "may create databases"],
  ["REPLICATION", "NOREPLICATION", "may replicate"],
] as const;

const MEMBERSHIPS = [
  ["pg_write_all_data", "is a member of pg_write_all_data"],
  ["pg_read_server_files", "is a member of pg_read_server_files"],
  ["pg_execute_server_program", "is a member of pg_execute_server_program"],
  ["cardlane_owner", "owns the database relay"],
] as const;

describe("a role of the operator's own", () => {
  const verify = (isProduction: boolean) =>
    verifySchema({ program: "relay", databaseUrl: somebodysUrl("relay"), isProduction });

  test("that is a member of the program's role is enough", async () => {
    await run("relay", "GRANT cardlane_relay TO somebody");
    expect(await verify(true)).toEqual([]);
    await run("relay", "REVOKE cardlane_relay FROM somebody");
  });

  test("that is a member of none is told what to do", async () => {
    await run("relay", "GRANT CONNECT ON DATABASE relay TO somebody");
    await expect(verify(false)).rejects.toThrow(
      /^relay cannot use its database: permission denied .*run `cardlane migrate relay`/,
    );
    await run("relay", "REVOKE CONNECT ON DATABASE relay FROM somebody");
  });

  test.each(RIGHTS)("that has %s is refused in production", async (right, without, why) => {
    await run("relay", `GRANT cardlane_relay TO somebody; ALTER ROLE somebody ${right}`);
    await expect(verify(true)).rejects.toThrow(why);
    expect(await verify(false)).toContain(why);
    await run("relay", `ALTER ROLE somebody ${without}; REVOKE cardlane_relay FROM somebody`);
  });

  test.each(MEMBERSHIPS)("that is a member of %s is refused in production", async (other, why) => {
    await run("relay", `GRANT cardlane_relay, ${other} TO somebody`);
    await expect(verify(true)).rejects.toThrow(why);
    await run("relay", `REVOKE cardlane_relay, ${other} FROM somebody`);
  });
});

const STALE: readonly (readonly [string, DatabaseProgram, string, RegExp])[] = [
  [
    "lacks a migration",
    "processor",
    `DELETE FROM _prisma_migrations WHERE migration_name =
       (SELECT max(migration_name) FROM _prisma_migrations)`,
    /it lacks the migration \d{4}_\w+ of this release; run `cardlane migrate processor`/,
  ],
  [
    "has an older job queue",
    "relay",
    "DELETE FROM graphile_worker.migrations WHERE id > 10",
    /its job queue is of an older release; run `cardlane migrate relay`/,
  ],
  [
    "has a migration that did not end",
    "pin-service",
    "UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '0001%'",
    /migration 0001_init was begun at .* and has not ended/,
  ],
  [
    "has a migration of another text",
    "relay",
    "UPDATE _prisma_migrations SET checksum = '00' WHERE migration_name LIKE '0001%'",
    /0001_init\/migration\.sql was changed after it was applied/,
  ],
];

test.each(STALE)("a database that %s: %s does not start", async (_, program, sql, says) => {
  await using database = await databaseOfItsOwn("stale");
  await migrateDatabase({ programs: [program], databaseUrl: database.url });
  await run(database.name, sql);
  const verifying = verifySchema({ program, databaseUrl: database.url, isProduction: false });
  await expect(verifying).rejects.toThrow(says);
});

describe("an owner who may make no roles", () => {
  test("is told which one an administrator has to make", async () => {
    await using database = await databaseOfItsOwn("without_roles");
    await run("postgres", "ALTER ROLE cardlane_pin_service RENAME TO away");
    await run("postgres", "ALTER DATABASE without_roles OWNER TO somebody");
    const databaseUrl = somebodysUrl(database.name);
    const migrating = migrateDatabase({ programs: ["processor"], databaseUrl });
    try {
      await expect(migrating).rejects.toThrow(
        "cannot migrate the processor's database: the role cardlane_pin_service is missing, and " +
          "somebody may not make it: have an administrator say CREATE ROLE cardlane_pin_service;",
      );
    } finally {
      await run("postgres", "ALTER ROLE away RENAME TO cardlane_pin_service");
    }
    const programs = ["processor", "pin-service"] as const;
    expect(await migrateDatabase({ programs, databaseUrl })).toEqual([]);
  });
});

test("a database that the administrator owned is handed over, with all that is in it", async () => {
  await using database = await databaseOfItsOwn("of_before");
  await migrateDatabase({ programs: ["relay"], databaseUrl: database.url });
  await setUpDatabase(postgres, "relay", database.name);
  const databaseUrl = postgres.url(database.name, "cardlane_relay");
  expect(await verifySchema({ program: "relay", databaseUrl, isProduction: true })).toEqual([]);
  const left = await run(
    database.name,
    `SELECT relname FROM pg_class WHERE relowner <> '${OWNER_ROLE}'::regrole
       AND relnamespace::regnamespace::text !~ '^pg_|^information_schema$'`,
  );
  expect(left).toEqual([]);
});
