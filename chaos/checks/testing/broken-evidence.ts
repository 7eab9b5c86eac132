import type { Evidence } from "../check.ts";

/** For a test alone: evidence is not to be changed. */
export function change<T extends object>(item: T, changes: Partial<T>): void {
  Object.assign(item, changes);
}

export function first<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error("bug: there is none");
  return item;
}

export function last<T>(items: readonly T[]): T {
  return first(items.toReversed());
}

export function toldIn({ history }: Evidence) {
  return first(first(history.payments).told);
}

export function notTaken(run: Evidence) {
  const { atMs } = toldIn(run);
  const outcome = "NOT TAKEN" as const;
  return { atMs, outcome, recordNumber: "", approvedMinor: 0n, responseCode: "" };
}
