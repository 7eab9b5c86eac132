import { migrateDatabase } from "../../prisma/migrations/migrate-database.ts";
import { verifySchema } from "../../prisma/migrations/verify-schema.ts";
import { type DatabaseProgram, PROGRAM_ROLES } from "../../prisma/roles/program-roles.ts";
import { environment } from "../../settings/environment.ts";
import { readConfig } from "../../settings/read-config.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import type { CommandIo } from "../io/command-io.ts";
import type { Flags, OptionsOf } from "../io/flags.ts";
import { COMMAND_SETTINGS } from "../settings.ts";

export const MIGRATE_FLAGS = {
  "--check": "change nothing; say whether the program could start with the role of DATABASE_URL",
} satisfies Flags;

/** Brings a program's database to the schema of this release. @returns the exit code. */
export async function migrate(
  io: CommandIo,
  given: string,
  options: OptionsOf<typeof MIGRATE_FLAGS>,
): Promise<number> {
  const program = programOf(given);
  const databaseUrl = databaseUrlOf(program);
  const isCheck = options.check ?? false;
  const applied = isCheck ? [] : await migrateDatabase({ programs: [program], databaseUrl });
  const powers = isCheck ? await verifySchema({ program, databaseUrl, isProduction: false }) : [];
  if (options.json === true) {
    io.print(JSON.stringify({ program, applied, powers }));
  } else {
    for (const migration of applied) io.print(`applied ${migration}`);
    for (const power of powers) io.print(`the role ${power}: production refuses it`);
    io.print(`${program}'s database has the schema of this release`);
  }
  return powers.length === 0 ? EXIT_CODES.approved : EXIT_CODES.declined;
}

function programOf(given: string): DatabaseProgram {
  const found = PROGRAM_ROLES.find(({ program }) => program === given);
  if (found !== undefined) return found.program;
  const names = PROGRAM_ROLES.map(({ program }) => program).join(", ");
  throw new CommandError("USAGE", `<program> must be one of ${names}, got "${given}"`);
}

function databaseUrlOf(program: DatabaseProgram): string {
  const { databaseUrl } = readConfig("cardlane migrate", environment, {
    databaseUrl: COMMAND_SETTINGS.databaseUrl,
  });
  if (databaseUrl !== undefined) return databaseUrl;
  throw new CommandError(
    "USAGE",
    `DATABASE_URL must be set: ${program}'s PostgreSQL database, as its owner`,
  );
}
