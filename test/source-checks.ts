import { spawnSync } from "node:child_process";

/** How a check ended. */
export interface Outcome {
  readonly passed: boolean;
  /** For a person: what is wrong, or why there was nothing to look at. */
  readonly says: string;
}

/** What a tool says of the sources in a folder. */
export interface SourceCheck {
  readonly name: string;
  /** Paths, from the root of the project, of the files that can change what the tool says. */
  readonly concerns: RegExp;
  readonly tool: "biome" | "buf" | "tsc";
  readonly toolArguments: readonly string[];
}

export const SOURCE_CHECKS: readonly SourceCheck[] = [
  {
    name: "format and lint",
    concerns: /\.(ts|mjs|json)$/,
    tool: "biome",
    toolArguments: ["check", "--error-on-warnings"],
  },
  {
    name: "types",
    concerns: /\.(ts|prisma)$|^(tsconfig|package|package-lock)\.json$/,
    tool: "tsc",
    toolArguments: ["--noEmit", "-p", "."],
  },
  {
    name: "contracts are formatted",
    concerns: /\.proto$/,
    tool: "buf",
    toolArguments: ["format", "proto", "-d", "--exit-code"],
  },
  {
    name: "contracts pass the linter",
    concerns: /\.proto$|^buf\.yaml$/,
    tool: "buf",
    toolArguments: ["lint"],
  },
];

/** Runs a program of the PATH in a folder, and takes what it prints for what is wrong. */
export function runTool(
  program: string,
  programArguments: readonly string[],
  folder: string,
): Outcome {
  const options = { cwd: folder, encoding: "utf8" } as const;
  const { status, stdout, stderr, error } = spawnSync(program, programArguments, options);
  if (error !== undefined) return { passed: false, says: `${program}: ${error.message}` };
  return status === 0 ? { passed: true, says: "" } : { passed: false, says: stdout + stderr };
}

/** Prints one line about a check, and below it what was wrong. */
export function report(name: string, outcome: Outcome): Outcome {
  const { passed, says } = outcome;
  console.log(
    `${passed ? "✓" : "✗"} ${name}${says === "" ? "" : `${passed ? ": " : "\n"}${says}`}`,
  );
  return outcome;
}
