// Everything that must hold before a change is taken: npm run check [-- --without-tests]

import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareWithLastRelease, compareWithMain } from "./contract-breaks.ts";
import { type Outcome, report, runTool, SOURCE_CHECKS } from "./source-checks.ts";
import { lockedPackages } from "./supply-chain/locked-packages.ts";
import { integrityProblems, licenceProblems } from "./supply-chain/package-rules.ts";

interface Step {
  readonly name: string;
  readonly run: () => Outcome;
}

const root = join(import.meta.dirname, "..");
const packages = lockedPackages(root);
const scratch = mkdtempSync(join(tmpdir(), "cardlane-check-"));

const STEPS: readonly Step[] = [
  ...SOURCE_CHECKS.map(({ name, tool, toolArguments }) => {
    return { name, run: () => runTool(tool, toolArguments, root) };
  }),
  { name: "every package is locked by hash", run: () => outcomeOf(integrityProblems(packages)) },
  { name: "licences are allowed", run: () => outcomeOf(licenceProblems(packages)) },
  { name: "contracts break nobody on main", run: () => compareWithMain(root) },
  { name: "contracts break nobody of the last release", run: () => compareWithLastRelease(root) },
  { name: "what is generated is that of the contracts", run: compareGenerated },
];

try {
  const outcomes = STEPS.map(({ name, run }) => report(name, run()));
  process.exitCode = outcomes.every(({ passed }) => passed) && runTests() ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true });
}

function outcomeOf(problems: readonly string[]): Outcome {
  return { passed: problems.length === 0, says: problems.join("\n") };
}

function compareGenerated(): Outcome {
  const generate = ["proto/generate.ts", "--output", scratch];
  const generated = runTool(process.execPath, generate, root);
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
