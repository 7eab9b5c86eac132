import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MUTATIONS } from "./mutations.ts";

test.each(MUTATIONS)("what the mutation $name takes out is there, once", ({ path, find }) => {
  const text = readFileSync(join(import.meta.dirname, "../..", path), "utf8");
  expect(text.split(find)).toHaveLength(2);
});

test.each(MUTATIONS)("docs/mutations.md has the row of $name", ({ name, takesOut, witness }) => {
  const by = witness === "simulation" ? witness : `\`${witness}\``;
  const document = readFileSync(join(import.meta.dirname, "../../docs/mutations.md"), "utf8");
  expect(document).toContain(`| \`${name}\` | ${takesOut} | ${by} |`);
});

test("a safeguard that is missing is seen, and the seed that saw it is named", () => {
  const { status, stdout } = mutate("journal-sync", "--seeds", "20");
  expect(stdout).toMatch(/found by seed \d+: T\d submitted [\w-]+, and has no entry of it/);
  expect(status).toBe(0);
});

test("a test file that sees it is named, with the test", () => {
  const { status, stdout } = mutate("partial-available");
  expect(stdout).toContain('found by processor/authorization/decide.test.ts, "approves ');
  expect(status).toBe(0);
});

test("a safeguard that nothing tests would be named", () => {
  const { status, stdout } = mutate("same-bytes", "--seeds", "0");
  expect(stdout).toContain("NOT FOUND by 0 seeds");
  expect(status).toBe(1);
});

test("a mutation that does not exist is refused", () => {
  const { status, stderr } = mutate("no-such-safeguard");
  expect(stderr).toBe("error: no mutation is named no-such-safeguard\n");
  expect(status).toBe(2);
});

function mutate(...options: readonly string[]) {
  const main = join(import.meta.dirname, "mutate.ts");
  return spawnSync(process.execPath, [main, ...options], { encoding: "utf8" });
}
