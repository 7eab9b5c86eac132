import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Witness } from "./mutation.ts";

/** What a witness saw in a copy of the project. */
export interface Look {
  /** Where and what, in one line; undefined: everything seemed to be in order. */
  readonly seen: string | undefined;
  /** The same look once more, no longer than it needs to be: what was seen must be gone. */
  readonly again: (path: string) => Look;
  readonly output: string;
}

export interface Seeds {
  readonly from: string;
  readonly count: string;
}

export function look(path: string, witness: Witness, seeds: Seeds): Look {
  return witness === "simulation" ? simulate(path, seeds) : runTests(path, witness);
}

function simulate(path: string, { from, count }: Seeds): Look {
  const main = join(path, "test/simulation/main.ts");
  const output = run(path, [main, "--seeds", count, "--from", from, "--stop-at-first"]);
  const [, seed, violation] = /^seed (\d+).*\n {2}(.*)$/m.exec(output) ?? [];
  return {
    seen: seed === undefined ? undefined : `seed ${seed}: ${violation}`,
    again: (unchanged) => simulate(unchanged, { from: seed ?? from, count: "1" }),
    output,
  };
}

function runTests(path: string, file: string): Look {
  const vitest = join(path, "node_modules/vitest/vitest.mjs");
  const report = join(path, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  rmSync(report, { force: true });
  const output = run(path, [vitest, "run", file, ...reporters]);
  return { seen: failureIn(report), again: (unchanged) => runTests(unchanged, file), output };
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

/** @returns what was printed. @throws Error when Ctrl-C ended it. */
function run(path: string, nodeArguments: readonly string[]): string {
  const options = { cwd: path, encoding: "utf8", maxBuffer: 2 ** 28 } as const;
  const { stdout, stderr, signal } = spawnSync(process.execPath, [...nodeArguments], options);
  if (signal === "SIGINT") throw new Error("interrupted");
  return stdout + stderr;
}
