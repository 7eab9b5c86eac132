import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const RESULTS = join(import.meta.dirname, "results");

/** Keeps what a measurement found. @param startedAt ISO 8601. @returns a line for a person. */
export function writeResult(
  name: string,
  startedAt: string,
  { json, svg }: { readonly json: unknown; readonly svg?: string },
): string {
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${startedAt.replaceAll(/[:.]/g, "-")}-${name}`);
  writeFileSync(`${file}.json`, `${JSON.stringify(json, null, 2)}\n`);
  if (svg === undefined) return `${file}.json`;
  writeFileSync(`${file}.svg`, svg);
  return `${file}.json and .svg`;
}
