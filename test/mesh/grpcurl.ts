import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { environment } from "../../settings/environment.ts";
import { isCi } from "../polyglot/required.ts";

const run = promisify(execFile);

/** Pinned: their output is what docs and tests quote. */
const MODULES = {
  grpcurl: "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3",
  ghz: "github.com/bojand/ghz/cmd/ghz@v0.120.0",
};

/** Where the tools are. */
export const TOOLS = resolve(".cardlane", "tools");

/**
 * The real tool, built once with Go.
 *
 * @returns its path; undefined where Go is not installed, but never in CI, which must have it.
 */
export async function installGoTool(name: keyof typeof MODULES): Promise<string | undefined> {
  const path = join(TOOLS, name);
  if (existsSync(path) && (await isPinned(path, name))) return path;
  if (!(await hasGo())) {
    if (isCi) throw new Error(`CI needs Go to build ${name}`);
    return undefined;
  }
  await mkdir(TOOLS, { recursive: true });
  await run("go", ["install", MODULES[name]], { env: { ...environment, GOBIN: TOOLS } });
  return path;
}

export interface GrpcurlResult {
  readonly exitCode: number;
  /** Standard output and standard error. */
  readonly text: string;
}

export async function grpcurl(path: string, args: readonly string[]): Promise<GrpcurlResult> {
  try {
    const { stdout, stderr } = await run(path, args);
    return { exitCode: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, text: stdout + stderr };
  }
}

/** Whether it was built from the module and version that are pinned now. */
async function isPinned(path: string, name: keyof typeof MODULES): Promise<boolean> {
  // Without Go nobody can tell, and nobody could build another.
  if (!(await hasGo())) return true;
  const { stdout } = await run("go", ["version", "-m", path]);
  return stdout.includes(`\t${MODULES[name].split("@")[1]}`);
}

async function hasGo(): Promise<boolean> {
  try {
    await run("go", ["version"]);
    return true;
  } catch {
    return false;
  }
}
