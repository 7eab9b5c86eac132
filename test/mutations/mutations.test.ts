import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { MUTATIONS } from "./mutations.ts";

test.each(MUTATIONS)("what the mutation $name takes out is there, once", ({ path, find }) => {
  const source = readFileSync(join(import.meta.dirname, "../..", path), "utf8");
  expect(source.split(find)).toHaveLength(2);
});

test.each(MUTATIONS)("docs/mutations.md has the row of $name", ({ name, takesOut, witness }) => {
  const by = witness === "simulation" ? witness : `\`${witness}\``;
  const document = readFileSync(join(import.meta.dirname, "../../docs/mutations.md"), "utf8");
  expect(document).toContain(`| \`${name}\` | ${takesOut} | ${by} |`);
});

test("a safeguard that is missing is seen, and the seed that saw it is named", {
  concurrent: true,
}, async () => {
  const { status, stdout } = await mutate("journal-sync", "--seeds", "20");
  expect(stdout).toMatch(/found by seed \d+: T\d submitted [\w-]+, and has no entry of it/);
  expect(status).toBe(0);
});

test("a test file that sees it is named, with the test", { concurrent: true }, async () => {
  const { status, stdout } = await mutate("partial-available");
  expect(stdout).toContain('found by processor/authorization/decide.test.ts, "approves ');
  expect(status).toBe(0);
});

test("a safeguard that nothing tests would be named", { concurrent: true }, async () => {
  const { status, stdout } = await mutate("same-bytes", "--seeds", "0");
  expect(stdout).toContain("NOT FOUND by 0 seeds");
  expect(status).toBe(1);
});

test("a mutation that does not exist is refused", async () => {
  const { status, stderr } = await mutate("no-such-safeguard");
  expect(stderr).toBe("error: no mutation is named no-such-safeguard\n");
  expect(status).toBe(2);
});

async function mutate(...options: readonly string[]) {
  const main = join(import.meta.dirname, "mutate.ts");
  const child = spawn(process.execPath, [main, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { status, stdout, stderr };
}
