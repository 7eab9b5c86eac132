import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { compareWithLastRelease, compareWithMain } from "./contract-breaks.ts";

/** One that many messages are made of. */
const PAYMENT = "proto/cardlane/payment/v1/payment.proto";
const TOTAL = "  uint64 total_minor = 1;\n";

/** A clone with these contracts and nothing else, committed on main. */
function clone(): Disposable & { readonly root: string; git(...words: string[]): void } {
  const root = mkdtempSync(join(tmpdir(), "cardlane-clone-"));
  const git = (...words: string[]) => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@shop.example"];
    execFileSync("git", [...identity, ...words], { cwd: root, stdio: "pipe" });
  };
  for (const path of ["proto", "buf.yaml"]) cpSync(path, join(root, path), { recursive: true });
  symlinkSync(resolve("node_modules"), join(root, "node_modules"));
  git("init", "--quiet", "--initial-branch=main");
  git("add", "proto", "buf.yaml");
  git("commit", "--quiet", "--message=contracts");
  return { root, git, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

function change(root: string, from: string, to: string): void {
  const text = readFileSync(join(root, PAYMENT), "utf8");
  expect(text).toContain(from);
  writeFileSync(join(root, PAYMENT), text.replace(from, to));
}

test("without a release there is nothing to break", () => {
  using here = clone();
  here.git("tag", "nightly");
  change(here.root, TOTAL, "");
  const comparison = compareWithLastRelease(here.root);
  expect(comparison).toEqual({ passed: true, says: "nothing has been released yet" });
});

test("a release that nothing was taken from is not broken by what was added", () => {
  using here = clone();
  here.git("tag", "v1.0.0");
  appendFileSync(join(here.root, PAYMENT), "// Something new.\nmessage Addition {}\n");
  expect(compareWithLastRelease(here.root)).toEqual({ passed: true, says: "v1.0.0" });
});

test.each([
  { name: "a field that is gone", to: "", says: 'field "1" with name "total_minor"' },
  { name: "another number", to: "  uint64 total_minor = 99;\n", says: 'field "1"' },
  { name: "another type", to: "  string total_minor = 1;\n", says: '"string"' },
  { name: "another name", to: "  uint64 sum_minor = 1;\n", says: '"sum_minor"' },
])("$name breaks the last release, committed or not", ({ to, says }) => {
  using here = clone();
  here.git("tag", "v1.0.0");
  change(here.root, TOTAL, to);
  const uncommitted = compareWithLastRelease(here.root);
  expect(uncommitted).toEqual({ passed: false, says: expect.stringContaining(says) });
  here.git("commit", "--quiet", "--all", "--message=break");
  expect(compareWithLastRelease(here.root)).toEqual(uncommitted);
  expect(compareWithMain(here.root)).toMatchObject({ passed: false });
});

test("the newest release counts: what broke before it was announced there", () => {
  using here = clone();
  here.git("tag", "v1.0.0");
  change(here.root, TOTAL, "  uint64 sum_minor = 1;\n");
  here.git("commit", "--quiet", "--all", "--message=break");
  here.git("tag", "v2.0.0");
  expect(compareWithLastRelease(here.root)).toEqual({ passed: true, says: "v2.0.0" });
});
