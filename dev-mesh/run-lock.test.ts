import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../mesh/clock.ts";
import { systemRandom } from "../sealing/random.ts";
import { takeRunLock } from "./run-lock.ts";

const parts = { clock: systemClock, random: systemRandom };

function temporaryDirectory(): Disposable & { readonly path: string; readonly lock: string } {
  const path = mkdtempSync(join(tmpdir(), "cardlane-lock-"));
  const lock = join(path, "lock");
  return { path, lock, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("a second mesh is told who runs the first", async () => {
  using directory = temporaryDirectory();
  await using _held = await takeRunLock(directory.path, parts);
  await expect(takeRunLock(directory.path, parts)).rejects.toThrow(
    `a mesh runs already on ${directory.path} (process ${process.pid})`,
  );
});

test("a data directory that is made shows its contents to nobody else", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "new");
  await using _held = await takeRunLock(path, parts);
  expect(statSync(path).mode & 0o066).toBe(0);
});

test("the lock is free again after its release", async () => {
  using directory = temporaryDirectory();
  const first = await takeRunLock(directory.path, parts);
  await first[Symbol.asyncDispose]();
  expect(existsSync(directory.lock)).toBe(false);
  await using _second = await takeRunLock(directory.path, parts);
  expect(existsSync(directory.lock)).toBe(true);
});

test.each([
  // This process is alive, but does not hold the lock: its number was given out again.
  {
    name: "of a process that does not answer",
    content: { pid: process.pid, port: 1, secret: "s" },
  },
  { name: "that holds something else", content: null },
])("a stale lock $name is taken over", async ({ content }) => {
  using directory = temporaryDirectory();
  writeFileSync(directory.lock, JSON.stringify(content));
  await using _taken = await takeRunLock(directory.path, parts);
  expect(existsSync(directory.lock)).toBe(true);
});

test("a lock file that was half written is taken over", async () => {
  using directory = temporaryDirectory();
  writeFileSync(directory.lock, '{"pid":');
  await using _taken = await takeRunLock(directory.path, parts);
  expect(existsSync(directory.lock)).toBe(true);
});
