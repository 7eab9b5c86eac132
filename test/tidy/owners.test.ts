import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./source-file.ts";

const rules = readFileSync(join(root, ".github/CODEOWNERS"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [pattern = "", ...owners] = line.split(/ +/);
    return { pattern, owners };
  });

test("every room has an owner", () => {
  const rooms = globSync("*/", { cwd: root, exclude: ["node_modules", "coverage"] });
  const owned = rules.map(({ pattern }) => pattern);
  expect(rooms.filter((room) => !owned.includes(`/${room.replace(/[/\\]$/, "")}/`))).toEqual([]);
});

test("what is owned is there", () => {
  const paths = rules.map(({ pattern }) => pattern).filter((pattern) => pattern !== "*");
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test("a general rule stands before the ones that go further, since the last one counts", () => {
  const hidden = rules.filter(({ pattern }, index) => {
    const later = rules.slice(index + 1).map((rule) => rule.pattern);
    return later.some((other) => other === "*" || pattern.startsWith(other));
  });
  expect(hidden).toEqual([]);
});

test("CONTRIBUTING.md says who each owner is", () => {
  const contributing = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
  const owners = [...new Set(rules.flatMap((rule) => rule.owners))];
  expect(owners.filter((owner) => !contributing.includes(`| \`${owner}\` |`))).toEqual([]);
});
