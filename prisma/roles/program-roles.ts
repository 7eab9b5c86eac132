/** Each program that has tables has a role, which owns nothing. */
export const PROGRAM_ROLES = [
  { program: "relay", role: "cardlane_relay", database: "relay" },
  { program: "processor", role: "cardlane_processor", database: "processor" },
  { program: "pin-service", role: "cardlane_pin_service", database: "processor" },
] as const;

export type ProgramRole = (typeof PROGRAM_ROLES)[number]["role"];

/** A program that has tables. */
export type DatabaseProgram = (typeof PROGRAM_ROLES)[number]["program"];

/** The kind of database that a program has. Processor and PIN service may share one. */
export function databaseOf(program: DatabaseProgram) {
  const found = PROGRAM_ROLES.find((one) => one.program === program);
  if (found === undefined) throw new Error(`bug: no program ${program}`);
  return found.database;
}
