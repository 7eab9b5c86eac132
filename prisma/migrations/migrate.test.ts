import pg from "pg";
import { expect, test } from "vitest";
import { deployWithPrisma, schemaDrift } from "../../test/schema/schema-drift.ts";
import { freshDatabase, type TestDatabase } from "../../test/setup/database.ts";
import { applyMigrations } from "./migrate.ts";
import {
  checksumOf,
  type DatabaseName,
  type Migration,
  readMigrations,
} from "./migration-files.ts";

const NAMES = [{ name: "relay" }, { name: "processor" }] as const;

test.each(NAMES)(
  "the $name's migrations are applied once, by whoever is first",
  async ({ name }) => {
    await using database = await emptyDatabase(name);
    const start = () => applyMigrations({ name, databaseUrl: database.url });
    const applied = await Promise.all([start(), start(), start()]);
    const [first, ...others] = applied.sort((a, b) => b.length - a.length);
    expect(first).toEqual((await readMigrations(name)).map((migration) => migration.name));
    expect(others).toEqual([[], []]);
    expect(await schemaDrift({ name, databaseUrl: database.url })).toBe("");
  },
);

test.each(NAMES)(
  "Prisma finds nothing to do after us for the $name, nor we after it",
  async ({ name }) => {
    await using database = await emptyDatabase(name);
    const ours = await applyMigrations(database);
    expect(await deployWithPrisma(database)).toEqual([]);
    const history = await historyOf(database);
    const table = await query(database, DESCRIBE_HISTORY);

    await query(database, FORGET_EVERYTHING);
    expect(await deployWithPrisma(database)).toEqual(ours);
    expect(await applyMigrations(database)).toEqual([]);
    expect(await historyOf(database)).toEqual(history);
    expect(await query(database, DESCRIBE_HISTORY)).toEqual(table);
  },
);

test("a migration is written down with its checksum, its times and its one step", async () => {
  await using database = await emptyDatabase("processor");
  await applyMigrations(database, [TILL]);
  expect(await query(database, "SELECT * FROM _prisma_migrations")).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/),
      migration_name: "0001_till",
      checksum: "6490169fbb6ae937196e67d961f2f93a3a6b5f4524279e77a2cb9784b06c16a0",
      started_at: expect.any(Date),
      finished_at: expect.any(Date),
      applied_steps_count: 1,
      logs: null,
      rolled_back_at: null,
    },
  ]);
});

const TILL: Migration = { name: "0001_till", sql: "CREATE TABLE till (id int PRIMARY KEY);\n" };
const DRAWER: Migration = {
  name: "0002_drawer",
  sql: "CREATE TABLE drawer (id int PRIMARY KEY);\nINSERT INTO drawer VALUES (1), (1);\n",
};
const SHELF: Migration = { name: "0003_shelf", sql: "CREATE TABLE shelf (id int PRIMARY KEY);\n" };
/** VACUUM is refused in a transaction, and so in a script of two statements. */
const VACUUM: Migration = { name: "0002_vacuum", sql: "-- without a transaction\nVACUUM till;\n" };

test("a migration that fails leaves nothing behind, and is tried again", async () => {
  await using database = await emptyDatabase("processor");
  const applying = applyMigrations(database, [TILL, DRAWER, SHELF]);
  await expect(applying).rejects.toMatchObject({
    name: "MigrationError",
    message:
      "cannot migrate the processor's database: migration 0002_drawer failed: " +
      'duplicate key value violates unique constraint "drawer_pkey"',
  });
  expect(await historyOf(database)).toMatchObject([{ migration_name: "0001_till" }]);
  expect(await tablesOf(database)).toEqual(["_prisma_migrations", "till"]);

  const mended = { ...DRAWER, sql: "CREATE TABLE drawer (id int PRIMARY KEY)" };
  expect(await applyMigrations(database, [TILL, mended, SHELF])).toEqual([
    "0002_drawer",
    "0003_shelf",
  ]);
  expect(await tablesOf(database)).toEqual(["_prisma_migrations", "drawer", "shelf", "till"]);
});

test("a database that has the first half gets the second", async () => {
  await using database = await emptyDatabase("relay");
  const all = await readMigrations("relay");
  const half = all.slice(0, 3);
  expect(await applyMigrations(database, half)).toEqual(half.map(({ name }) => name));
  expect(await applyMigrations(database)).toEqual(all.slice(3).map(({ name }) => name));
  expect(await schemaDrift(database)).toBe("");
});

test("a file that forbids a transaction is applied without one", async () => {
  await using database = await emptyDatabase("processor");
  await expect(
    applyMigrations(database, [TILL, { ...VACUUM, sql: "VACUUM till" }]),
  ).rejects.toThrow(/0002_vacuum failed: VACUUM cannot run inside a transaction block$/);
  expect(await applyMigrations(database, [TILL, VACUUM])).toEqual(["0002_vacuum"]);
  expect(await historyOf(database)).toMatchObject([
    { migration_name: "0001_till", is_finished: true },
    { migration_name: "0002_vacuum", is_finished: true },
  ]);
});

test("one that failed without a transaction is to be looked at first", async () => {
  await using database = await emptyDatabase("processor");
  const gone = { ...VACUUM, sql: "-- without a transaction\nVACUUM gone" };
  const begun = "cannot migrate the processor's database: migration 0002_vacuum";
  await expect(applyMigrations(database, [TILL, gone])).rejects.toThrow(
    `${begun} failed: relation "gone" does not exist`,
  );
  const refusal = new RegExp(
    `^${begun} was begun at 2\\S+Z and has not ended ` +
      '\\(error: relation "gone" does not exist\\); ' +
      "see what it left and undo that, then set rolled_back_at in its row of _prisma_migrations, " +
      "and start again$",
  );
  await expect(applyMigrations(database, [TILL, VACUUM])).rejects.toThrow(refusal);
  await query(database, "UPDATE _prisma_migrations SET rolled_back_at = now() WHERE logs <> ''");
  expect(await applyMigrations(database, [TILL, VACUUM])).toEqual(["0002_vacuum"]);
});

test.each([
  {
    title: "a schema of another line of releases",
    now: [TILL],
    problem:
      "it has the migration 0003_shelf, which this release does not know, and lacks 0004_more, " +
      "which this release has; see that DATABASE_URL names this program's database",
  },
  {
    title: "a file that was changed",
    now: [{ ...TILL, sql: "CREATE TABLE till (id bigint PRIMARY KEY);\n" }, SHELF],
    problem:
      `0001_till/migration.sql was changed after it was applied: its SHA-256 was ` +
      `${checksumOf(TILL.sql)}, and is ` +
      `${checksumOf("CREATE TABLE till (id bigint PRIMARY KEY);\n")} now; ` +
      "take the change back, and add a migration instead",
  },
])("is refused: $title", async ({ now, problem }) => {
  await using database = await emptyDatabase("processor");
  await applyMigrations(database, [TILL, SHELF]);
  const added = { name: "0004_more", sql: "CREATE TABLE more (id int)" };
  await expect(applyMigrations(database, [...now, added])).rejects.toMatchObject({
    name: "MigrationError",
    message: `cannot migrate the processor's database: ${problem}`,
  });
  expect(await tablesOf(database)).toEqual(["_prisma_migrations", "shelf", "till"]);
});

test("a program starts on a newer schema, until that takes away what it uses", async () => {
  await using database = await emptyDatabase("processor");
  const release1 = [TILL];
  const release2 = [...release1, { name: "0002_bag", sql: "CREATE TABLE bag (id int)" }];
  const release3 = [...release2, { name: "0003_no_till_needs_0002", sql: "DROP TABLE till" }];

  await applyMigrations(database, release2);
  expect(await applyMigrations(database, release1)).toEqual([]);
  await applyMigrations(database, release3);
  expect(await applyMigrations(database, release2)).toEqual([]);
  await expect(applyMigrations(database, release1)).rejects.toMatchObject({
    name: "MigrationError",
    message:
      "cannot migrate the processor's database: its schema is newer: 0003_no_till_needs_0002 is " +
      "for programs that know migration 0002, and this release ends with 0001_till; " +
      "start a newer release",
  });
});

/** Ends the connection, as the death of its program does. */
const DIE = "SELECT pg_terminate_backend(pg_backend_pid())";

test("a migration in which the program dies is undone, and applied at the next start", async () => {
  await using database = await emptyDatabase("processor");
  const deadly = { ...SHELF, sql: `${SHELF.sql}${DIE};` };
  await expect(applyMigrations(database, [TILL, deadly])).rejects.toThrow(
    /^cannot migrate the processor's database: migration 0003_shelf failed: /,
  );
  expect(await historyOf(database)).toMatchObject([{ migration_name: "0001_till" }]);
  expect(await tablesOf(database)).toEqual(["_prisma_migrations", "till"]);
  expect(await applyMigrations(database, [TILL, SHELF])).toEqual(["0003_shelf"]);
});

test("one without a transaction in which the program dies is to be looked at", async () => {
  await using database = await emptyDatabase("processor");
  const deadly = { ...VACUUM, sql: `-- without a transaction\n${DIE}` };
  await expect(applyMigrations(database, [TILL, deadly])).rejects.toThrow(
    "migration 0002_vacuum failed: terminating connection due to administrator command",
  );
  await expect(applyMigrations(database, [TILL, VACUUM])).rejects.toThrow(
    /migration 0002_vacuum was begun at \S+Z and has not ended; see what it left/,
  );
});

test("line ends of Windows are no change", async () => {
  await using database = await emptyDatabase("processor");
  const windows = { ...TILL, sql: TILL.sql.replaceAll("\n", "\r\n") };
  await applyMigrations(database, [TILL]);
  expect(await applyMigrations(database, [windows])).toEqual([]);
  await query(database, FORGET_EVERYTHING);
  await applyMigrations(database, [windows]);
  expect(await applyMigrations(database, [TILL])).toEqual([]);
});

test.each([
  { name: "relay", table: "stranger", found: "public.stranger" },
  { name: "processor", table: "pin.stranger", found: "pin.stranger" },
] as const)("the $name takes no database with tables of others", async ({ name, table, found }) => {
  await using database = await emptyDatabase(name);
  await query(database, `CREATE SCHEMA pin; CREATE TABLE ${table} (id int)`);
  await expect(applyMigrations({ name, databaseUrl: database.url })).rejects.toThrow(
    `cannot migrate the ${name}'s database: it is not empty, and has no history of migrations: ` +
      `there is a table ${found}; DATABASE_URL must name a database that nobody else uses`,
  );
});

test("a table of history that is somebody else's is told", async () => {
  await using database = await emptyDatabase("processor");
  await query(database, "CREATE TABLE _prisma_migrations (id int)");
  const applying = applyMigrations({ name: "processor", databaseUrl: database.url }, [TILL]);
  await expect(applying).rejects.toMatchObject({
    name: "MigrationError",
    message: `cannot migrate the processor's database: column "migration_name" does not exist`,
  });
});

test("whoever comes while another one migrates waits for it", async () => {
  await using database = await emptyDatabase("processor");
  const other = new pg.Client({ connectionString: database.url });
  await other.connect();
  await other.query("SELECT pg_advisory_lock(72707369)");
  const applying = applyMigrations(database, [TILL]);
  await expect
    .poll(() =>
      query(database, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"),
    )
    .toHaveLength(1);
  expect(await tablesOf(database)).toEqual([]);
  await other.end();
  expect(await applying).toEqual(["0001_till"]);
});

test("a database that does not answer is named, without its password", async () => {
  const databaseUrl = "postgresql://cardlane:s3cret@127.0.0.1:1/relay";
  const applying = applyMigrations({ name: "relay", databaseUrl });
  await expect(applying).rejects.toThrow(
    /^the relay's database relay at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/,
  );
  await expect(applying).rejects.not.toThrow(/s3cret/);
});

const FORGET_EVERYTHING = `
  DROP SCHEMA IF EXISTS public, processor, pin CASCADE;
  CREATE SCHEMA public;
`;

const DESCRIBE_HISTORY = `
  SELECT column_name, data_type, character_maximum_length, is_nullable, column_default
  FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY 1`;

async function emptyDatabase(name: DatabaseName) {
  const database = await freshDatabase(name);
  await query(database, FORGET_EVERYTHING);
  return { ...database, name, databaseUrl: database.url };
}

function historyOf(database: TestDatabase): Promise<readonly object[]> {
  return query(
    database,
    `SELECT migration_name, checksum, applied_steps_count, logs, rolled_back_at,
       finished_at >= started_at AS is_finished
     FROM _prisma_migrations ORDER BY migration_name`,
  );
}

async function tablesOf(database: TestDatabase): Promise<readonly string[]> {
  const rows = await query(
    database,
    `SELECT array_agg(tablename::text ORDER BY tablename) AS names FROM pg_tables
     WHERE schemaname = 'public'`,
  );
  return (rows as { names: string[] | null }[])[0]?.names ?? [];
}

async function query({ url }: TestDatabase, sql: string): Promise<readonly object[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<object>(sql)).rows;
  } finally {
    await client.end();
  }
}
