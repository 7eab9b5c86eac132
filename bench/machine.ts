import { execFile } from "node:child_process";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findPrograms } from "../prisma/embedded/postgres-cluster.ts";

/** Where and with what was measured. */
export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  readonly commit: string;
  /** Of the last minute, before the measurement: a third of the cores is already too much. */
  readonly loadBefore: number;
}

export async function machineFacts(): Promise<MachineFacts> {
  const cores = cpus();
  return {
    processor: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    postgres: await postgresVersion(),
    commit: await commitOf(join(import.meta.dirname, "..")),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

/** "18.0" */
async function postgresVersion(): Promise<string> {
  const { postgres } = await findPrograms();
  const { stdout } = await promisify(execFile)(postgres, ["--version"]);
  return stdout.trim().split(" ").at(-1) ?? "unknown";
}

/** With a plus when something is changed that is not committed. */
async function commitOf(directory: string): Promise<string> {
  const git = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)("git", args, { cwd: directory });
    return stdout.trim();
  };
  try {
    const commit = await git("rev-parse", "--short", "HEAD");
    const changes = await git("status", "--porcelain", "--untracked-files=no");
    return changes === "" ? commit : `${commit}+`;
  } catch {
    return "unknown"; // Not a clone, or no git on this machine.
  }
}
