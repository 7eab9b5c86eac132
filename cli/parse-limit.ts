import { CommandError } from "./command-error.ts";

/** The relay gives no more in one answer. */
const LIMIT_MAX = 500;

/** `--limit`. @throws CommandError USAGE */
export function parseLimit(text: string): number {
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new CommandError("USAGE", `--limit must be 1 to ${LIMIT_MAX}, got "${text}"`);
}
