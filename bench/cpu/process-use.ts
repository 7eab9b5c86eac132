import { readFileSync } from "node:fs";
import { parseProcessTicks, readAllTicks, readProc, TICKS_PER_SECOND } from "./proc.ts";

/** What processes of this machine have used so far, out of Linux's /proc. */
export interface ProcessUse {
  /** User and system time, seconds; of PostgreSQL with the children that ended. */
  readonly cpuSeconds: number;
  /** Bytes that were handed to the system to write: sockets and files. */
  readonly writtenBytes: number;
  /** Highest resident memory so far, bytes; of several processes the sum. */
  readonly memoryBytesMax: number;
}

const KIB = 1_024;
const TRIES_MAX = 5;

export function useOfProcesses(pids: readonly number[]): ProcessUse {
  return pids.map(useOfProcess).reduce(sumOf);
}

/** The server and all of its processes; memory that they share counts once. */
export function useOfPostgres(serverPid: number): ProcessUse {
  // A process that ends while the others are read would count twice, or not at all.
  for (let tries = 0; ; tries += 1) {
    const ended = ticksOf(serverPid).ofEndedChildren;
    const use = useOfServer(serverPid, ended);
    if (ended === ticksOf(serverPid).ofEndedChildren || tries === TRIES_MAX) return use;
  }
}

/** Seconds of children of this process that have ended. */
export function secondsOfEndedChildren(): number {
  return ticksOf(process.pid).ofEndedChildren / TICKS_PER_SECOND;
}

function useOfServer(serverPid: number, endedTicks: number): ProcessUse {
  const children = childrenOf(serverPid);
  const all = children.map(useOfProcess).reduce(sumOf, useOfProcess(serverPid));
  const memories = [serverPid, ...children].map(memoryOf);
  const own = memories.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  const common = Math.max(...memories.map(({ commonBytes }) => commonBytes));
  return {
    ...all,
    cpuSeconds: all.cpuSeconds + endedTicks / TICKS_PER_SECOND,
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

function ticksOf(pid: number) {
  return parseProcessTicks(readProc(pid, "stat"));
}

function childrenOf(parentPid: number): number[] {
  return readAllTicks()
    .filter(({ parent }) => parent === parentPid)
    .map(({ pid }) => pid);
}

function numberIn(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
}
