/** The business day of a moment, in UTC, as YYYYMMDD. */
export function settlementDateOf(nowMs: number): number {
  return Number(new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", ""));
}
