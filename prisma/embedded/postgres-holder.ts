import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { EmbeddedPostgresError } from "../postgres-error.ts";
import type { Cluster } from "./postgres-cluster.ts";

/** What the server calls itself on its command line names the program that started it. */
const STARTED_BY = /\bcluster_name=cardlane-(\d+)/;

/**
 * Ends a server by its number, $1, and waits at most a minute until its pid file, $2, is gone or
 * another's. pg_ctl would end whichever server it finds, which may be a rival's new one.
 */
const END_AND_WAIT = `
tries=600
while kill -INT "$1" && read -r pid <"$2" && [ "$pid" = "$1" ] && [ "$tries" -gt 0 ]; do
  tries=$((tries - 1))
  sleep 0.1
done 2>/dev/null
`;

const runFile = promisify(execFile);

/** The setting by which a later start finds out whose server this is. */
export function holderSettings(): { readonly cluster_name: string } {
  return { cluster_name: `cardlane-${process.pid}` };
}

/**
 * Clears away what a killed run left behind: a server still going, or the note that there is one.
 *
 * @throws EmbeddedPostgresError when the program that started the server is still there
 */
export async function freeFromKilledRun({ directory }: Cluster): Promise<void> {
  const pidFile = join(directory, "postmaster.pid");
  const [serverPid, , , port] = (await readIfThere(pidFile)).split("\n");
  if (!isRunning(Number(serverPid))) return;

  const commandLine = await commandLineOf(Number(serverPid));
  if (!commandLine.includes(directory)) {
    // The number belongs to some other process now, which PostgreSQL itself cannot tell.
    await rm(pidFile, { force: true });
    return;
  }
  const programPid = Number(STARTED_BY.exec(commandLine)?.[1]);
  if (isRunning(programPid)) {
    throw new EmbeddedPostgresError(
      "data in use",
      `the database in ${dirname(directory)} is in use by process ${programPid} ` +
        `(port ${port}): stop that first`,
    );
  }
  await runFile("sh", ["-c", END_AND_WAIT, "sh", String(serverPid), pidFile]);
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // The process of another user is there, although we may not send it anything.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Empty when there is no such process any more. */
async function commandLineOf(pid: number): Promise<string> {
  if (process.platform === "linux") return await readIfThere(`/proc/${pid}/cmdline`);
  const printed = await runFile("ps", ["-ww", "-o", "command=", "-p", String(pid)]).catch(() => {
    return { stdout: "" };
  });
  return printed.stdout;
}

/** These files come and go with the server; absence is an answer. */
async function readIfThere(path: string): Promise<string> {
  return await readFile(path, "utf8").catch(() => "");
}
