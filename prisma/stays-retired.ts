import pg from "pg";

/** SQLSTATE with which the triggers of both databases keep a retired device retired. */
const STAYS_RETIRED = "CL001";

/** Whether a statement was refused because it gave a retired device another state. */
export function isStaysRetired(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === STAYS_RETIRED;
}
