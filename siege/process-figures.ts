import { readdirSync, readFileSync } from "node:fs";

/** What a process of this machine holds now, out of Linux's /proc. */
interface ProcessFigures {
  /** Resident memory. */
  readonly residentBytes: number;
  /** Open files and connections. */
  readonly descriptors: number;
  readonly threads: number;
}

const KIB = 1_024;

/** @throws Error when there is no such process any more. */
export function processFigures(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const numberOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? Number.NaN);
  return {
    residentBytes: numberOf("VmRSS") * KIB,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: numberOf("Threads"),
  };
}
