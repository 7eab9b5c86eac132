import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../mesh/testing/certificates.ts";
import { makeMeshDirectory } from "./mesh-directory.ts";

test.each([
  { name: "a file", at: "file", says: "a file is there" },
  { name: "a folder below a file", at: "file/data", says: "a file is there, or on the way" },
])("refuses $name as data directory", async ({ at, says }) => {
  await using directory = await temporaryDirectory();
  writeFileSync(join(directory.path, "file"), "");
  expect(() => makeMeshDirectory(join(directory.path, at))).toThrow(says);
});

test("takes a folder that is there, and makes the ones that are not", async () => {
  await using directory = await temporaryDirectory();
  mkdirSync(join(directory.path, "there"));
  for (const name of ["there", "new", "new/deeper"]) {
    const path = join(directory.path, name);
    makeMeshDirectory(path);
    expect(statSync(path).isDirectory()).toBe(true);
  }
});
