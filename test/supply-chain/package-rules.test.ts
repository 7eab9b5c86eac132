import { join } from "node:path";
import { expect, test } from "vitest";
import { type LockedPackage, lockedPackages } from "./locked-packages.ts";
import { integrityProblems, LICENCE_EXCEPTIONS, licenceProblems } from "./package-rules.ts";

const packages = lockedPackages(join(import.meta.dirname, "../.."));

const LOCKED: LockedPackage = {
  name: "made-up",
  version: "1.0.0",
  license: "MIT",
  integrity: "sha512-AAAA",
  isDevelopment: false,
};

test("every locked package, of every platform, has a sha512", () => {
  expect(packages.length).toBeGreaterThan(400);
  expect(integrityProblems(packages)).toEqual([]);
});

test("every locked package has a licence that is allowed", () => {
  expect(licenceProblems(packages)).toEqual([]);
});

test.each(LICENCE_EXCEPTIONS)("the exception for $package is still needed", (exception) => {
  expect(packages.some(({ name }) => exception.package.test(name))).toBe(true);
});

test.each([
  { locked: { license: "AGPL-3.0-only" }, says: "shipped: AGPL-3.0-only" },
  { locked: { license: "GPL-3.0", isDevelopment: true }, says: "of development: GPL-3.0" },
  { locked: { license: undefined }, says: "shipped: no licence" },
  { locked: { license: "MIT OR GPL-2.0" }, says: "shipped: MIT OR GPL-2.0" },
  { locked: { name: "elkjs", license: "EPL-2.0" }, says: "elkjs 1.0.0, shipped: EPL-2.0" },
  { locked: { name: "nub", license: "GPL-2.0" }, says: "nub 1.0.0, shipped: GPL-2.0" },
])("$says is refused", ({ locked, says }) => {
  expect(licenceProblems([{ ...LOCKED, ...locked }])[0]).toContain(says);
});

test.each([
  { locked: {} },
  { locked: { name: "elkjs", license: "EPL-2.0", isDevelopment: true } },
  { locked: { name: "nub", license: "MIT/X11" } },
])("$locked is allowed", ({ locked }) => {
  expect(licenceProblems([{ ...LOCKED, ...locked }])).toEqual([]);
});

test.each([undefined, "sha1-AAAA", "sha256-AAAA"])("integrity %s is refused", (integrity) => {
  expect(integrityProblems([{ ...LOCKED, integrity }])).toEqual([
    "made-up 1.0.0 is locked without sha512",
  ]);
});
