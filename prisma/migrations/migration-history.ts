import type { ClientBase } from "pg";
import {
  checksumOf,
  hasChecksum,
  isWithoutTransaction,
  type Migration,
} from "./migration-files.ts";

/** A row of `_prisma_migrations`, of those that were not taken back. */
interface HistoryRow {
  readonly migration_name: string;
  readonly checksum: string;
  readonly started_at: Date;
  /** Null while it runs, and for ever where it failed. */
  readonly finished_at: Date | null;
  /** Why it failed, for a person; null when nobody wrote that down. */
  readonly logs: string | null;
}

/** @returns undefined of a database that no migration was ever applied to. */
export async function readHistory(client: ClientBase): Promise<readonly HistoryRow[] | undefined> {
  const { rows: found } = await client.query<{ is_there: boolean }>(FIND_TABLE);
  if (found[0]?.is_there !== true) return undefined;
  return (await client.query<HistoryRow>(READ)).rows;
}

export async function beginHistory(client: ClientBase): Promise<void> {
  await client.query(CREATE_TABLE);
}

/** What forbids to go on from this history with these files, as half a sentence. */
export function problemOf(
  history: readonly HistoryRow[],
  migrations: readonly Migration[],
): string | undefined {
  for (const row of history) {
    const name = row.migration_name;
    if (row.finished_at === null) return unfinished(row);
    const migration = migrations.find((one) => one.name === name);
    if (migration === undefined) {
      const problem = problemOfNewer(name, history, migrations);
      if (problem !== undefined) return problem;
    } else if (!hasChecksum(migration.sql, row.checksum)) {
      return (
        `${name}/migration.sql was changed after it was applied: its SHA-256 was ` +
        `${row.checksum}, and is ${checksumOf(migration.sql)} now; ` +
        "take the change back, and add a migration instead"
      );
    }
  }
  return undefined;
}

/**
 * A migration that this release does not know is of a newer one. It leaves everything that the
 * programs before it use, unless its name says which migration a program has to know.
 */
function problemOfNewer(
  newer: string,
  history: readonly HistoryRow[],
  migrations: readonly Migration[],
): string | undefined {
  const missing = migrations.find(
    ({ name }) => !history.some((row) => row.migration_name === name),
  );
  if (missing !== undefined) {
    return (
      `it has the migration ${newer}, which this release does not know, and lacks ` +
      `${missing.name}, which this release has; see that DATABASE_URL names this program's database`
    );
  }
  const [, needed] = NEEDS.exec(newer) ?? [];
  if (needed === undefined) return undefined;
  if (migrations.some(({ name }) => name.startsWith(`${needed}_`))) return undefined;
  return (
    `its schema is newer: ${newer} is for programs that know migration ${needed}, and this ` +
    `release ends with ${migrations.at(-1)?.name}; start a newer release`
  );
}

/** `0009_drop_nickname_needs_0008`: takes away what releases without migration 0008 use. */
const NEEDS = /_needs_(\d{4})$/;

function unfinished({ migration_name: name, started_at: startedAt, logs }: HistoryRow): string {
  const why = logs === null ? "" : ` (${logs.trim().split("\n", 1).join()})`;
  return (
    `migration ${name} was begun at ${startedAt.toISOString()} and has not ended${why}; ` +
    "see what it left and undo that, then set rolled_back_at in its row of _prisma_migrations, " +
    "and start again"
  );
}

/**
 * Applies one migration and writes it down as Prisma does, in one transaction, so that all of it is
 * there or nothing. Where its file forbids a transaction, a failure leaves a row that is not
 * finished.
 *
 * @throws pg.DatabaseError; the connection has to be closed then.
 */
export async function applyMigration(client: ClientBase, migration: Migration): Promise<void> {
  const { name, sql } = migration;
  const isAlone = isWithoutTransaction(sql);
  if (!isAlone) await client.query("BEGIN");
  const { rows } = await client.query<{ id: string }>(BEGIN_ROW, [name, checksumOf(sql)]);
  const id = rows[0]?.id;
  try {
    await client.query(sql);
  } catch (error) {
    // Where even that fails, as without a connection, the row has no end and no reason.
    if (isAlone) await client.query(FAIL_ROW, [id, String(error)]).catch(() => undefined);
    throw error;
  }
  await client.query(FINISH_ROW, [id]);
  if (!isAlone) await client.query("COMMIT");
}

const FIND_TABLE = "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS is_there";

const READ = `
  SELECT migration_name, checksum, started_at, finished_at, logs FROM _prisma_migrations
  WHERE rolled_back_at IS NULL ORDER BY migration_name`;

/** As Prisma's engine makes it, to the letter. */
const CREATE_TABLE = `
  CREATE TABLE _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

/** clock_timestamp(), as now() stands still in a transaction. */
const BEGIN_ROW = `
  INSERT INTO _prisma_migrations (id, migration_name, checksum, started_at)
  VALUES (gen_random_uuid()::text, $1, $2, clock_timestamp()) RETURNING id`;

const FINISH_ROW = `
  UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1
  WHERE id = $1`;

const FAIL_ROW = "UPDATE _prisma_migrations SET logs = $2 WHERE id = $1";
