import pg from "pg";
import { expect, test, vi } from "vitest";
import { freshDatabase } from "../setup/database.ts";
import { schemaDrift } from "./schema-drift.ts";

const NAMES = [{ name: "relay" }, { name: "processor" }] as const;

test.each(NAMES)("the $name's migrations make what its schema.prisma says", async ({ name }) => {
  await using database = await freshDatabase(name);
  expect(await schemaDrift({ name, databaseUrl: database.url })).toBe("");
});

test("drift is told by a second evaluation of its code as by the first", async () => {
  await using database = await freshDatabase("relay");
  const migrated = { name: "relay", databaseUrl: database.url } as const;
  expect(await schemaDrift(migrated)).toBe("");
  vi.resetModules();
  const again = await import("./schema-drift.ts");
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
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(sql);
  await client.end();
  expect(await schemaDrift({ name: "processor", databaseUrl: database.url })).toMatch(drift);
});
