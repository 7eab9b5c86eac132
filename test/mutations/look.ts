import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Witness } from "./mutation.ts";

/** What a witness saw in a copy of the project. */
export interface Look {
  /** Where and what, in one line, twice; undefined: everything seemed to be in order. */
  readonly seen: string | undefined;
  /** The same look once more, no longer than it needs to be: what was seen must be gone. */
  readonly again: (path: string) => Promise<Look>;
  readonly output: string;
}

export interface Seeds {
  readonly from: string;
  readonly count: string;
}

export function look(path: string, witness: Witness, way: Way): Promise<Look> {
  return witness === "simulation" ? simulate(path, way) : testTwice(path, witness, way);
}

interface Way {
  readonly seeds: Seeds;
  /** Ends the witness. */
  readonly signal: AbortSignal;
}

async function simulate(path: string, { seeds, signal }: Way): Promise<Look> {
  const { from, count } = seeds;
  const main = join(path, "test/simulation/main.ts");
  const output = await run(
    path,
    [main, "--seeds", count, "--from", from, "--stop-at-first"],
    signal,
  );
  const [, seed, violation] = /^seed (\d+).*\n {2}(.*)$/m.exec(output) ?? [];
  const isSame = /^ {2}once more: the same$/m.test(output);
  return {
    seen: isSame ? `seed ${seed}: ${violation}` : undefined,
    again: (unchanged) =>
      simulate(unchanged, { seeds: { from: seed ?? from, count: "1" }, signal }),
    output,
  };
}

async function testTwice(path: string, file: string, way: Way): Promise<Look> {
  const first = await runTests(path, file, way);
  return first.seen === undefined ? first : await runTests(path, file, way);
}

async function runTests(path: string, file: string, way: Way): Promise<Look> {
  const vitest = join(path, "node_modules/vitest/vitest.mjs");
  const report = join(path, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  rmSync(report, { force: true });
  const output = await run(path, [vitest, "run", file, ...reporters], way.signal);
  return { seen: failureIn(report), again: (unchanged) => testTwice(unchanged, file, way), output };
}

/** @returns the first test that failed, and why; a file that can not run at all saw nothing. */
function failureIn(report: string): string | undefined {
  if (!existsSync(report)) return undefined;
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === "failed");
  return failed && `"${failed.title}": ${failed.failureMessages[0]?.split("\n")[0]}`;
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** @returns what was printed, whatever the exit code. */
async function run(path: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  const options = { cwd: path, maxBuffer: 2 ** 28, signal } as const;
  const started = promisify(execFile)(process.execPath, args, options);
  const { stdout, stderr } = await started.catch((error: unknown) => {
    if (hasEnded(error)) return error;
    throw error;
  });
  return stdout + stderr;
}

function hasEnded(error: unknown): error is { readonly stdout: string; readonly stderr: string } {
  return error instanceof Error && "code" in error && typeof error.code === "number";
}
