// Format, lint and types of what is about to be committed: npm run check:staged
//
// The tools see the index, laid out in a folder of its own: not what is changed beside the commit.

import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import {
  type Outcome,
  report,
  runTool,
  SOURCE_CHECKS,
  type SourceCheck,
} from "../source-checks.ts";

/** npm and git both run a script in the root of the checkout that is committed from. */
const root = process.cwd();

/** Below the root, so that packages are found from there. */
const STAGED = join(root, ".cardlane", "staged");

/** What tsc keeps of one run for the next: unchanged files cost it nothing. */
const TYPES_SEEN = join(root, ".cardlane", "staged.tsbuildinfo");

const touched = stagedPaths("ACDMRT");
const checks = SOURCE_CHECKS.filter(({ concerns }) => touched.some((path) => concerns.test(path)));
if (checks.length > 0) {
  rmSync(STAGED, { recursive: true, force: true });
  try {
    layOutIndex();
    const outcomes = checks.map((check) => report(check.name, run(check)));
    process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1;
  } finally {
    rmSync(STAGED, { recursive: true, force: true });
  }
}

function run({ tool, toolArguments, concerns }: SourceCheck): Outcome {
  return runTool(tool, [...toolArguments, ...forStagedFiles(tool, concerns)], STAGED);
}

/** Biome judges file by file, so it is given those of the commit; the others need the whole. */
function forStagedFiles(tool: SourceCheck["tool"], concerns: RegExp): readonly string[] {
  if (tool === "tsc") return ["--incremental", "--tsBuildInfoFile", TYPES_SEEN];
  if (tool === "buf") return [];
  const files = stagedPaths("ACMRT").filter((path) => concerns.test(path));
  return ["--no-errors-on-unmatched", ...files];
}

/** @param kinds letters of git diff --diff-filter */
function stagedPaths(kinds: string): string[] {
  const names = ["diff", "--cached", "--name-only", "--no-renames", "-z"];
  return git(...names, `--diff-filter=${kinds}`)
    .split("\0")
    .filter(Boolean);
}

function layOutIndex(): void {
  mkdirSync(STAGED, { recursive: true });
  git("checkout-index", "--all", `--prefix=${relative(root, STAGED)}/`);
  // What tools need and nobody commits.
  for (const path of globSync(["node_modules", "prisma/*/client"], { cwd: root })) {
    mkdirSync(dirname(join(STAGED, path)), { recursive: true });
    symlinkSync(join(root, path), join(STAGED, path));
  }
}

function git(...gitArguments: readonly string[]): string {
  const options = { cwd: root, encoding: "utf8" } as const;
  const { status, stdout, stderr, error } = spawnSync("git", gitArguments, options);
  if (status === 0) return stdout;
  throw new Error(`git ${gitArguments[0]} failed: ${error?.message ?? stderr}`);
}
