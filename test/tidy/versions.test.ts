import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./source-file.ts";

const { version } = JSON.parse(read("package.json"));

test.each([
  { file: "package-lock.json", line: `"version": "${version}"` },
  { file: "clients/python/pyproject.toml", line: `version = "${version}"` },
  // The first version of the file is the project's own.
  { file: "clients/java/pom.xml", line: `<version>${version}</version>` },
])("$file has the version of package.json", ({ file, line }) => {
  const first = read(file)
    .split("\n")
    .find((text) => /^\s*("version"|version =|<version>)/.test(text));
  expect(first?.trim().replace(/,$/, "")).toBe(line);
});

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
