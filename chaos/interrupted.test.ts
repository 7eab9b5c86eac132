import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../mesh/testing/certificates.ts";
import { environment as ownEnvironment } from "../settings/environment.ts";

/** A whole mesh starts and ends here: a limit for what hangs. */
const RUN_TEST_MS = 600_000;
const MAIN = join(import.meta.dirname, "main.ts");

/** A run that says in which place it keeps everything. */
function startRun(place: string) {
  const { NODE_OPTIONS: _options, DATABASE_URL: _url, ...inherited } = ownEnvironment;
  const words = ["--minutes", "30", "--no-tls", "--seed", "1", "--faults", "SIGTERM"];
  const child = spawn(process.execPath, [MAIN, ...words], {
    env: { ...inherited, TMPDIR: place },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: string[] = [];
  let isHeard = () => undefined as unknown;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => {
      said.push(line);
      isHeard();
    });
  }
  return {
    said,
    /** Until it has said that, or has ended. */
    async says(what: RegExp): Promise<void> {
      const ended = once(child, "exit");
      while (child.exitCode === null && !said.some((line) => what.test(line))) {
        const heard = new Promise<unknown>((resolve) => {
          isHeard = () => resolve(undefined);
        });
        await Promise.race([heard, ended]);
      }
    },
    async interrupt(): Promise<number | null> {
      const closed = once(child, "close");
      child.kill("SIGINT");
      await closed;
      return child.exitCode;
    },
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

/** Process ids of those that were told of that place, as every program of a mesh is. */
function processesOf(place: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && isOf(pid, place));
}

function isOf(pid: string, place: string): boolean {
  try {
    const files = ["cmdline", "environ"].map((name) => readFileSync(`/proc/${pid}/${name}`));
    return files.some((file) => file.includes(place));
  } catch {
    // It has ended since, or is somebody else's.
    return false;
  }
}

// Where there is no /proc nobody can say who is left.
test.skipIf(process.platform !== "linux")(
  "Ctrl-C ends a run in order: it says what it saw, and nothing of it is left",
  async () => {
    await using place = await temporaryDirectory();
    using run = startRun(place.path);
    await run.says(/SIGTERM: /);
    expect(processesOf(place.path).length).toBeGreaterThan(5);
    expect(await run.interrupt()).toBe(130);
    expect(run.said).toContainEqual(expect.stringMatching(/payments tried: \d+$/));
    expect(run.said).toContainEqual(expect.stringMatching(/ended by themselves: 0$/));
    // What ends PostgreSQL without its parent looks once a second whether it is still needed.
    await expect.poll(() => processesOf(place.path), { timeout: 5_000 }).toEqual([]);
    expect(readdirSync(place.path)).toEqual([]);
  },
  RUN_TEST_MS,
);
