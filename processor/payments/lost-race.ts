import pg from "pg";

/** Whether another transaction got in between: reading again and deciding again will do. */
export function isLostRace(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  const isLimit = error.code === CHECK_VIOLATION && error.table === "account";
  return isLimit || LOST_RACES.includes(error.code ?? "");
}

const CHECK_VIOLATION = "23514";
/** Unique violation, serialization failure, deadlock detected. */
const LOST_RACES = ["23505", "40001", "40P01"];
