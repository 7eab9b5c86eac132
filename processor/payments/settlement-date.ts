/**
 * The business day of the moment in SQL: once for a statement, by the ledger's clock. A day that
 * is later was written before that clock was put back, and counts no more.
 */
export const TODAY = "(SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')::int)";

/** The business day of a moment, in UTC, as YYYYMMDD. */
export function settlementDateOf(nowMs: number): number {
  return Number(new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", ""));
}
