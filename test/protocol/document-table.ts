import { readFileSync } from "node:fs";

/** A table of a document: rows of cells as they are written, without its heading and rule. */
type DocumentTable = readonly (readonly string[])[];

/**
 * The first table under a heading of a document.
 *
 * @param path from the root of the repository.
 * @throws Error when there is no such heading, or no table under it.
 */
export function tableUnder(path: string, heading: string): DocumentTable {
  const lines = readFileSync(path, "utf8").split("\n");
  const start = lines.findIndex((line) => /^#+ (.*)$/.exec(line)?.[1] === heading);
  if (start < 0) throw new Error(`${path} has no heading "${heading}"`);
  const first = lines.findIndex((line, index) => index > start && line.startsWith("|"));
  if (first < 0) throw new Error(`${path} has no table under "${heading}"`);
  const end = lines.findIndex((line, index) => index > first && !line.startsWith("|"));
  const rows = lines.slice(first + 2, end < 0 ? undefined : end);
  return rows.map((row) => {
    const cells = row.slice(row.indexOf("|") + 1, row.lastIndexOf("|"));
    return cells.split("|").map((cell) => cell.trim());
  });
}

/** Name to value of a table's first two columns. @throws Error when a name stands twice. */
export function valuesUnder(path: string, heading: string): Readonly<Record<string, string>> {
  const rows = tableUnder(path, heading);
  const values = Object.fromEntries(rows.map(([name = "", value = ""]) => [name, value]));
  if (Object.keys(values).length !== rows.length) {
    throw new Error(`${path} names a row under "${heading}" twice`);
  }
  return values;
}
