import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The databases of this project: each has a folder here, with its schema and its migrations. */
export type DatabaseName = "relay" | "processor";

/** One step of a schema: `NUMBER_WHAT_IT_DOES/migration.sql`. */
export interface Migration {
  /** Its folder. Migrations are applied in the order of their names. */
  readonly name: string;
  readonly sql: string;
}

export function migrationsDirectory(name: DatabaseName): string {
  return join(import.meta.dirname, "..", name, "migrations");
}

export async function readMigrations(name: DatabaseName): Promise<readonly Migration[]> {
  const directory = migrationsDirectory(name);
  const entries = await readdir(directory, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return await Promise.all(
    folders.sort().map(async (folder) => {
      return {
        name: folder,
        sql: await readFile(join(directory, folder, "migration.sql"), "utf8"),
      };
    }),
  );
}

/** As Prisma writes it down: SHA-256 of the file, in hexadecimal digits. */
export function checksumOf(sql: string): string {
  return createHash("sha256").update(sql).digest("hex");
}

/** Whether a file has this checksum. As for Prisma, line ends of Windows are no difference. */
export function hasChecksum(sql: string, checksum: string): boolean {
  const unix = sql.replaceAll("\r\n", "\n");
  return [unix, unix.replaceAll("\n", "\r\n")].some((text) => checksumOf(text) === checksum);
}

const ALONE = /^-- without a transaction\r?\n/;

/**
 * Whether the file begins with the line `-- without a transaction`. It then has one statement, such
 * as CREATE INDEX CONCURRENTLY, which PostgreSQL does in no transaction.
 */
export function isWithoutTransaction(sql: string): boolean {
  return ALONE.test(sql);
}
