import pg from "pg";
import { expect, test, vi } from "vitest";
import { freshDatabase } from "../../test/setup/database.ts";
import { applyMigrations, schemaDrift } from "./migrate.ts";

const NAMES = [{ name: "relay" }, { name: "processor" }] as const;

test.each(NAMES)("the $name's migrations make what its schema.prisma says", async ({ name }) => {
  await using database = await freshDatabase(name);
  expect(await schemaDrift({ name, databaseUrl: database.url })).toBe("");
});

test.each(NAMES)(
  "the $name's migrations are applied once, by whoever is first",
  async ({ name }) => {
    await using database = await freshDatabase(name);
    await run(database.url, FORGET_EVERYTHING);
    const start = () => applyMigrations({ name, databaseUrl: database.url });
    const applied = await Promise.all([start(), start(), start()]);
    const [first, ...others] = applied.sort((a, b) => b.length - a.length);
    expect(first?.[0]).toMatch(/^0001_/);
    expect(others).toEqual([[], []]);
    expect(await schemaDrift({ name, databaseUrl: database.url })).toBe("");
  },
);

test("migrations are applied by a second evaluation of their code as by the first", async () => {
  await using database = await freshDatabase("relay");
  const migrated = { name: "relay", databaseUrl: database.url } as const;
  expect(await schemaDrift(migrated)).toBe("");
  vi.resetModules();
  const again = await import("./migrate.ts");
  expect(again.schemaDrift).not.toBe(schemaDrift);
  expect(await again.schemaDrift(migrated)).toBe("");
});

test.each([
  {
    name: "a table that the schema does not have",
    sql: "CREATE TABLE pin.stray (id bigint PRIMARY KEY)",
    drift: /from the database to schema\.prisma:\n.*DROP TABLE "pin"\."stray"/s,
  },
  {
    name: "a migration edited after it was applied",
    sql: "UPDATE _prisma_migrations SET checksum = 'another'",
    drift: /^edited after it was applied: 0001_/,
  },
  {
    name: "a migration of which the files know nothing",
    sql: `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at)
          VALUES ('x', 'x', '9999_from_elsewhere', now())`,
    drift: /^other migrations than on disk: .*9999_from_elsewhere/,
  },
])("drift is told: $name", async ({ sql, drift }) => {
  await using database = await freshDatabase("processor");
  await run(database.url, sql);
  expect(await schemaDrift({ name: "processor", databaseUrl: database.url })).toMatch(drift);
});

test.each(NAMES)("the $name's migration that fails leaves nothing behind", async ({ name }) => {
  await using database = await freshDatabase(name);
  const apply = () => applyMigrations({ name, databaseUrl: database.url });
  await run(database.url, FORGET_EVERYTHING);
  await run(database.url, REFUSE_INDEXES);
  await expect(apply()).rejects.toThrow(
    expect.objectContaining({
      name: "MigrationError",
      message: expect.stringMatching(/^cannot migrate the \w+'s database: .*no index today$/s),
    }),
  );

  await run(database.url, "DROP EVENT TRIGGER refuse_indexes");
  expect((await apply())[0]).toMatch(/^0001_/);
});

const FORGET_EVERYTHING = `
  DROP SCHEMA IF EXISTS public, processor, pin CASCADE;
  CREATE SCHEMA public;
`;

/** Indexes come after tables, so that a migration fails half-way. */
const REFUSE_INDEXES = `
  CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'no index today'; END $$;
  CREATE EVENT TRIGGER refuse_indexes ON ddl_command_start
    WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION refuse();
`;

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

test("a database that does not answer is named, without its password", async () => {
  const databaseUrl = "postgresql://cardlane:s3cret@127.0.0.1:1/relay";
  const applying = applyMigrations({ name: "relay", databaseUrl });
  await expect(applying).rejects.toThrow(
    /^the relay's database relay at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/,
  );
  await expect(applying).rejects.not.toThrow(/s3cret/);
});
