import { expect, test } from "vitest";
import { readMigrations } from "../../prisma/migrations/migration-files.ts";

/** What the statements of a release before may trip over. */
const TAKES_AWAY =
  /\bDROP (?!DEFAULT|NOT NULL|INDEX|CONSTRAINT)|\bRENAME\b|\bSET NOT NULL\b|\bSET DATA TYPE\b/i;

/** Older than the first release. */
const BEFORE_RELEASES = ["0002_settle_by_reference"];

test.each([{ name: "relay" }, { name: "processor" }] as const)(
  "a migration of the $name that takes something away names who may start after it",
  async ({ name }) => {
    const migrations = await readMigrations(name);
    const silent = migrations
      .filter(({ sql }) => TAKES_AWAY.test(sql.replaceAll(/--.*$/gm, "")))
      .filter((migration) => !/_needs_\d{4}$/.test(migration.name))
      .map((migration) => migration.name);
    expect(silent.filter((migration) => !BEFORE_RELEASES.includes(migration))).toEqual([]);
  },
);

test.each([
  { sql: 'ALTER TABLE "record" DROP COLUMN "note";', takes: true },
  { sql: 'ALTER TABLE "record" RENAME "note" TO "remark";', takes: true },
  { sql: 'ALTER TABLE "record" ALTER COLUMN "note" SET NOT NULL;', takes: true },
  { sql: 'ALTER TABLE "record" ALTER COLUMN "note" SET DATA TYPE INTEGER;', takes: true },
  { sql: 'DROP TABLE "record";', takes: true },
  { sql: 'ALTER TABLE "record" ADD COLUMN "note" TEXT NOT NULL DEFAULT \'\';', takes: false },
  { sql: 'ALTER TABLE "record" ALTER COLUMN "note" DROP NOT NULL;', takes: false },
  { sql: 'DROP INDEX "record_note_idx";', takes: false },
])("takes something away: $takes of $sql", ({ sql, takes }) => {
  expect(TAKES_AWAY.test(sql)).toBe(takes);
});
