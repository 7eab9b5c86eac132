import { readdirSync, readFileSync } from "node:fs";

/** What processes of this machine have used so far, out of Linux's /proc. */
export interface ProcessUse {
  /** User and system time, seconds; of PostgreSQL with the children that ended. */
  readonly cpuSeconds: number;
  /** Bytes that were handed to the system to write: sockets and files. */
  readonly writtenBytes: number;
  /** Highest resident memory so far, bytes; of several processes the sum. */
  readonly memoryBytesMax: number;
}

/** Clock ticks per second in /proc; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const KIB = 1_024;

export function useOfProcesses(pids: readonly number[]): ProcessUse {
  return pids.map(useOfProcess).reduce(sumOf);
}

/** The server and all of its processes; memory that they share counts once. */
export function useOfPostgres(serverPid: number): ProcessUse {
  const children = childrenOf(serverPid);
  const server = useOfProcess(serverPid);
  const ended = ticksOf(serverPid).ofEndedChildren;
  const all = children.map(useOfProcess).reduce(sumOf, server);
  const memories = [serverPid, ...children].map(memoryOf);
  const own = memories.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  const common = Math.max(...memories.map(({ commonBytes }) => commonBytes));
  return {
    ...all,
    cpuSeconds: all.cpuSeconds + ended / TICKS_PER_SECOND,
    memoryBytesMax: own + common,
  };
}

/** Bytes that went over loopback since the machine started, with the headers of TCP and IP. */
export function loopbackBytes(): number {
  const line = readFileSync("/proc/net/dev", "utf8")
    .split("\n")
    .find((one) => one.trim().startsWith("lo:"));
  return Number(line?.split(":")[1]?.trim().split(/\s+/)[0] ?? Number.NaN);
}

function useOfProcess(pid: number): ProcessUse {
  const { own } = ticksOf(pid);
  return {
    cpuSeconds: own / TICKS_PER_SECOND,
    writtenBytes: numberIn(readProc(pid, "io"), "wchar"),
    memoryBytesMax: numberIn(readProc(pid, "status"), "VmHWM") * KIB,
  };
}

function sumOf(left: ProcessUse, right: ProcessUse): ProcessUse {
  return {
    cpuSeconds: left.cpuSeconds + right.cpuSeconds,
    writtenBytes: left.writtenBytes + right.writtenBytes,
    memoryBytesMax: left.memoryBytesMax + right.memoryBytesMax,
  };
}

function memoryOf(pid: number): { readonly ownBytes: number; readonly commonBytes: number } {
  const status = readProc(pid, "status");
  return {
    ownBytes: numberIn(status, "RssAnon") * KIB,
    commonBytes: (numberIn(status, "RssShmem") + numberIn(status, "RssFile")) * KIB,
  };
}

/** proc(5): fields 14 to 17 of /proc/pid/stat, counted behind the name, which may hold spaces. */
function ticksOf(pid: number): { readonly own: number; readonly ofEndedChildren: number } {
  const fields = fieldsOf(pid).map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
  return { own: user + system, ofEndedChildren: endedUser + endedSystem };
}

function childrenOf(parentPid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => Number(fieldsOf(pid)[1]) === parentPid);
}

function fieldsOf(pid: number): string[] {
  const stat = readProc(pid, "stat");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Empty for a process that has just ended. */
function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

function numberIn(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
}
