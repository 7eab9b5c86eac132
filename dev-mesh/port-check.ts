import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { basename } from "node:path";
import { promisify } from "node:util";
import { printable } from "../mesh/printable.ts";

/** A port that a program needs is taken; the message is one line for a person. */
class PortInUseError extends Error {
  override readonly name = "PortInUseError";
}

/** A line for a person: who is named first is usually behind the others, too. */
const NAMED_MAX = 2;

/**
 * Makes sure that nobody listens on these loopback ports. Port 0 is always free.
 *
 * @param ports name of the program → port
 * @throws PortInUseError naming ports that are taken and, where it can be found out, by whom.
 */
export async function checkPorts(ports: Readonly<Record<string, number>>): Promise<void> {
  const problems: string[] = [];
  for (const [name, port] of Object.entries(ports)) {
    if (port === 0 || (await isFree(port))) continue;
    const holder = (await findHolder(port)) ?? "another program";
    problems.push(`port ${port} (${name}) is in use by ${holder}`);
  }
  if (problems.length === 0) return;
  const named = problems.slice(0, NAMED_MAX).join("; ");
  const more = problems.length > NAMED_MAX ? `; and ${problems.length - NAMED_MAX} more` : "";
  throw new PortInUseError(
    `${named}${more}: stop that first, or choose other ports with --port-base`,
  );
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    await once(probe.listen(port, "127.0.0.1"), "listening");
  } catch {
    // In use, or one that this user may not have: either way it is of no use here.
    return false;
  }
  probe.close();
  await once(probe, "close");
  return true;
}

/** `process 4711 (node server.js)`, where the system tells. */
async function findHolder(port: number): Promise<string | undefined> {
  const pid = process.platform === "linux" ? await holderOnLinux(port) : await askLsof(port);
  if (pid === undefined) return undefined;
  const command = await commandOf(pid);
  return command === undefined ? `process ${pid}` : `process ${pid} (${command})`;
}

/** The kernel lists sockets by inode, and each process's open files name the inodes it holds. */
async function holderOnLinux(port: number): Promise<string | undefined> {
  const inode = await listeningInode(port);
  if (inode === undefined) return undefined;
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const file of files) {
      const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => "");
      if (target === `socket:[${inode}]`) return pid;
    }
  }
  return undefined;
}

/** Columns of /proc/net/tcp: number, local, remote address, state (0A: listening) … inode. */
async function listeningInode(port: number): Promise<string | undefined> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const text = await readFile(file, "utf8").catch(() => "");
    for (const line of text.split("\n")) {
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(wanted) && columns[3] === "0A") return columns[9];
    }
  }
  return undefined;
}

async function askLsof(port: number): Promise<string | undefined> {
  const args = ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-t"];
  const answer = await promisify(execFile)("lsof", args).catch(() => undefined);
  return answer?.stdout.split("\n")[0] || undefined;
}

/** `node relay/main.ts`: program and first argument, without options and long paths. */
async function commandOf(pid: string): Promise<string | undefined> {
  const line = (await commandOnLinux(pid)) ?? (await askPs(pid)) ?? "";
  const [program, script] = line
    .trim()
    .split(/\s+/)
    .filter((word) => !word.startsWith("-"));
  if (program === undefined || program === "") return undefined;
  const names = [basename(program), ...(script === undefined ? [] : [shortened(script)])];
  return printable(names.join(" "));
}

function shortened(path: string): string {
  return path.split("/").slice(-2).join("/");
}

async function commandOnLinux(pid: string): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  return text?.replaceAll("\0", " ");
}

async function askPs(pid: string): Promise<string | undefined> {
  const args = ["-o", "command=", "-p", pid];
  const answer = await promisify(execFile)("ps", args).catch(() => undefined);
  return answer?.stdout;
}
