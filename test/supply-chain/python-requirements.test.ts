import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

/** Without `--hash`, pip would refuse a requirement, but only on the day that it installs. */
test.each([
  "clients/python/requirements.txt",
  "test/fixtures/peer-requirements/all.txt",
  "test/fixtures/peer-requirements/build.txt",
  "test/polyglot/envoy-requirements.txt",
])("each requirement of %s has a version and hashes", (path) => {
  const requirements = read(path)
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== "");
  expect(requirements.length).toBeGreaterThan(0);
  const wrong = requirements.filter(
    (line) => !/^[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}/.test(line),
  );
  expect(wrong).toEqual([]);
});

test("the hashes of the Python client are of the versions that pyproject.toml asks for", () => {
  const project = read("clients/python/pyproject.toml");
  const asked = [...project.matchAll(/^.*"([\w.-]+==[\w.]+)"/gm)].map(([, pinned = ""]) => pinned);
  expect(asked.length).toBeGreaterThan(9);
  const locked = read("clients/python/requirements.txt").toLowerCase();
  expect(asked.filter((pinned) => !locked.includes(`${pinned.toLowerCase()} `))).toEqual([]);
});
