// Everything that must hold before a change is taken: npm run check [-- --without-tests]

import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Step {
  readonly name: string;
  readonly run: () => Outcome;
}

interface Outcome {
  readonly passed: boolean;
  /** For a person: what is wrong, or why there was nothing to compare. */
  readonly says: string;
}

const root = join(import.meta.dirname, "..");
const scratch = mkdtempSync(join(tmpdir(), "cardlane-check-"));

const STEPS: readonly Step[] = [
  { name: "format and lint", run: () => tool("biome", ["check", "--error-on-warnings"]) },
  { name: "types", run: () => tool("tsc", ["--noEmit", "-p", "."]) },
  {
    name: "contracts are formatted",
    run: () => tool("buf", ["format", "proto", "-d", "--exit-code"]),
  },
  { name: "contracts pass the linter", run: () => tool("buf", ["lint"]) },
  { name: "contracts break nobody on main", run: compareWithMain },
  { name: "contracts break nobody of the last release", run: compareWithLastRelease },
  { name: "what is generated is that of the contracts", run: compareGenerated },
];

try {
  const outcomes = STEPS.map(({ name, run }) => report(name, run()));
  process.exitCode = outcomes.every(({ passed }) => passed) && runTests() ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true });
}

function report(name: string, outcome: Outcome): Outcome {
  const { passed, says } = outcome;
  console.log(
    `${passed ? "✓" : "✗"} ${name}${says === "" ? "" : `${passed ? ": " : "\n"}${says}`}`,
  );
  return outcome;
}

function tool(name: string, toolArguments: readonly string[]): Outcome {
  const options = { cwd: root, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(name, toolArguments, options);
  return status === 0 ? { passed: true, says: "" } : { passed: false, says: stdout + stderr };
}

/** The contracts of the branch main, however this clone knows it. */
function compareWithMain(): Outcome {
  const earlier = ["main", "origin/main"].find((branch) =>
    git(["cat-file", "-e", `${branch}:proto`]),
  );
  if (earlier === undefined) {
    return { passed: true, says: "the branch main has no contracts yet to compare with" };
  }
  return compareWith(earlier);
}

/** Releases are tagged v1.2.3. */
function compareWithLastRelease(): Outcome {
  const describe = ["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"];
  const { status, stdout } = spawnSync("git", describe, { cwd: root, encoding: "utf8" });
  if (status !== 0) return { passed: true, says: "nothing has been released yet" };
  return compareWith(stdout.trim());
}

/** @param commit branch or tag whose contracts ours must not break. */
function compareWith(commit: string): Outcome {
  const before = mkdtempSync(join(scratch, "before-"));
  const archive = join(before, "contracts.tar");
  // What the contracts import from packages is where buf.yaml says, then as now.
  for (const shared of ["buf.yaml", "node_modules"]) {
    symlinkSync(join(root, shared), join(before, shared));
  }
  git(["archive", `--output=${archive}`, commit, "proto"]);
  spawnSync("tar", ["-xf", archive, "-C", before]);
  return tool("buf", ["breaking", "--against", before]);
}

function git(gitArguments: readonly string[]): boolean {
  return spawnSync("git", gitArguments, { cwd: root }).status === 0;
}

function compareGenerated(): Outcome {
  const generated = tool(process.execPath, ["proto/generate.ts", "--output", scratch]);
  if (!generated.passed) return generated;
  const committed = readFiles(root);
  const wanted = readFiles(scratch);
  const names = [...new Set([...committed.keys(), ...wanted.keys()])];
  const outdated = names.filter((name) => committed.get(name) !== wanted.get(name));
  if (outdated.length === 0) return { passed: true, says: "" };
  return { passed: false, says: `npm run generate would change ${outdated.join(", ")}` };
}

/** What is generated, below a directory. Bytes as Latin-1, which keeps each. */
function readFiles(directory: string): Map<string, string> {
  const names = globSync(["gen/**/*.*", "docs/contracts.md"], { cwd: directory });
  return new Map(names.map((name) => [name, readFileSync(join(directory, name), "latin1")]));
}

function runTests(): boolean {
  if (process.argv.includes("--without-tests")) return true;
  const options = { cwd: root, stdio: "inherit" } as const;
  return spawnSync(process.execPath, [join(root, "test/run.ts")], options).status === 0;
}
