import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { filesOf, root } from "./source-file.ts";

const SECTIONS = ["Context", "Decision", "Alternatives considered", "Consequences"];

const decisions = filesOf("docs/decisions/*.md")
  .map((path) => basename(path))
  .filter((name) => name !== "README.md");

test("the numbers run from 0001 without a gap", () => {
  const numbers = decisions.map((name) => Number.parseInt(name, 10));
  expect(numbers).toEqual(decisions.map((_, index) => index + 1));
});

test.each(decisions)("%s has title, date, status and every section", (name) => {
  const text = read(name);
  expect(text).toMatch(
    /^# .+\n\n\| date \| status \|\n\|---\|---\|\n\| \d{4}-\d\d-\d\d \| .+ \|\n/,
  );
  expect(headOf(name).status).toMatch(/^(proposed|in force|superseded by \d{4})$/);
  expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(SECTIONS);
});

test("the index has each decision in a line", () => {
  const lines = read("README.md")
    .split("\n")
    .filter((line) => line.startsWith("| ["));
  expect(lines).toEqual(
    decisions.map((name) => {
      const { title, date, status } = headOf(name);
      return `| [${name.slice(0, 4)}](${name}): ${title} | ${date} | ${status} |`;
    }),
  );
});

function headOf(name: string): { title: string; date: string; status: string } {
  const [heading = "", , , , row = ""] = read(name).split("\n");
  const [, date = "", status = ""] = row.split("|").map((cell) => cell.trim());
  return { title: heading.replace(/^# /, ""), date, status };
}

function read(name: string): string {
  return readFileSync(join(root, "docs/decisions", name), "utf8");
}
