// Everything that must hold before a change is taken: npm run check [-- --without-tests]

import { spawnSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
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
  { name: "contracts break nobody", run: compareWithMain },
  { name: "generated stubs are those of the contracts", run: compareStubs },
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
  const before = join(scratch, "before");
  const archive = join(scratch, "before.tar");
  mkdirSync(before);
  // What the contracts import from packages is where buf.yaml says, then as now.
  for (const shared of ["buf.yaml", "node_modules"]) {
    symlinkSync(join(root, shared), join(before, shared));
  }
  git(["archive", `--output=${archive}`, earlier, "proto"]);
  spawnSync("tar", ["-xf", archive, "-C", before]);
  return tool("buf", ["breaking", "--against", before]);
}

function git(gitArguments: readonly string[]): boolean {
  return spawnSync("git", gitArguments, { cwd: root }).status === 0;
}

function compareStubs(): Outcome {
  const generated = tool("buf", ["generate", "--output", scratch]);
  if (!generated.passed) return generated;
  const committed = readFiles(join(root, "gen"));
  const wanted = readFiles(join(scratch, "gen"));
  const names = [...new Set([...committed.keys(), ...wanted.keys()])];
  const outdated = names.filter((name) => committed.get(name) !== wanted.get(name));
  if (outdated.length === 0) return { passed: true, says: "" };
  return { passed: false, says: `npm run generate would change gen/: ${outdated.join(", ")}` };
}

function readFiles(directory: string): Map<string, string> {
  if (!existsSync(directory)) return new Map();
  const names = globSync("**/*.ts", { cwd: directory });
  return new Map(names.map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

function runTests(): boolean {
  if (process.argv.includes("--without-tests")) return true;
  const options = { cwd: root, stdio: "inherit" } as const;
  return spawnSync(process.execPath, [join(root, "test/run.ts")], options).status === 0;
}
