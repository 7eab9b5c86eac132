import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SETTING_NAMES } from "../../settings/names.ts";
import { filesOf, root } from "../tidy/source-file.ts";
import { SETTING_GROUPS, settingsPage } from "./settings-page.ts";
import { CLIENT_SETTINGS } from "./tool-settings.ts";

const declared = SETTING_GROUPS.flatMap(({ settings }) => Object.values(settings));
const declaredNames = new Set<string>(declared.map(({ name }) => name));

test("docs/settings.md is what the code declares (npm run settings writes it)", () => {
  expect(read("docs/settings.md")).toBe(settingsPage());
});

test("each name that code may read is declared as a setting, in the order of the alphabet", () => {
  expect([...declaredNames].sort()).toEqual([...SETTING_NAMES]);
});

test("a default is of the form that it must have, and every setting says what it is", () => {
  for (const { name, reads, says, default: usual } of declared) {
    if (usual !== undefined) expect(() => reads.parse(usual), name).not.toThrow();
    expect(says, name).toMatch(/^[`a-zA-Z].+\.$/);
  }
});

test("a name in programs and documents is a setting", () => {
  const texts = filesOf("**/*.{ts,mjs,md,yaml}").filter((path) => !/\.test\.ts$/.test(path));
  const wrong = texts.flatMap((path) =>
    namesIn(path).map((name) => (declaredNames.has(name) ? undefined : `${path} names ${name}`)),
  );
  expect(wrong.filter((text) => text !== undefined)).toEqual([]);
});

test("a variable that a client in another language reads is declared as one of theirs", () => {
  const theirs = new Set<string>(Object.values(CLIENT_SETTINGS).map(({ name }) => name));
  const code = globSync("clients/**/*.{go,py,java}", { cwd: root });
  const read = new Set(code.filter(isWritten).flatMap(namesIn));
  expect([...read].filter((name) => !theirs.has(name))).toEqual([]);
  expect([...theirs].filter((name) => !read.has(name))).toEqual([]);
});

/** Generated code repeats the comments of contracts, which name settings of programs. */
function isWritten(path: string): boolean {
  return !/node_modules|\/gen\/|\/target\/|_pb2/.test(path);
}

function namesIn(path: string): string[] {
  const found = read(path).matchAll(/(?<!\w)CARDLANE_[A-Z_]*[A-Z]/g);
  return [...found].map(([name]) => name);
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
