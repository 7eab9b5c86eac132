import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks per second in /proc; the same on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100;

/** One line of /proc/<pid>/stat, as far as CPU is concerned. */
export interface ProcessTicks {
  readonly pid: number;
  readonly parent: number;
  /** User and system time. */
  readonly own: number;
  /** The same of children that have ended and were waited for, with theirs. */
  readonly ofEndedChildren: number;
}

/** CPU of all cores since the machine started, in ticks. */
export interface MachineTicks {
  /** Of processes. Interrupts are left out, since they are nobody's. */
  readonly processes: number;
  /** What the host gave to other machines. */
  readonly stolen: number;
  readonly all: number;
}

/** proc(5); the name is skipped, which may hold spaces and brackets. */
export function parseProcessTicks(stat: string): ProcessTicks {
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
  return {
    pid: Number.parseInt(stat, 10),
    parent: fields[1] ?? 0,
    own: user + system,
    ofEndedChildren: endedUser + endedSystem,
  };
}

/** proc(5): the first line of /proc/stat. Time of guests is in that of users already. */
export function parseMachineTicks(stat: string): MachineTicks {
  const line = stat.split("\n", 1)[0] ?? "";
  const counts = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const [user = 0, nice = 0, system = 0] = counts;
  return {
    processes: user + nice + system,
    stolen: counts[7] ?? 0,
    all: counts.reduce((sum, count) => sum + count, 0),
  };
}

/** Of a process and all that descend from it, with those of them that have ended. */
export function ticksOfTree(root: number, all: readonly ProcessTicks[]): number {
  const byParent = Map.groupBy(all, ({ parent }) => parent);
  const sumOf = ({ pid, own, ofEndedChildren }: ProcessTicks): number => {
    const children = byParent.get(pid) ?? [];
    return children.reduce((sum, child) => sum + sumOf(child), own + ofEndedChildren);
  };
  return all.filter(({ pid }) => pid === root).reduce((sum, one) => sum + sumOf(one), 0);
}

/** All processes of this machine. */
export function readAllTicks(): readonly ProcessTicks[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProc(Number(name), "stat"))
    .filter((stat) => stat !== "")
    .map(parseProcessTicks);
}

export function readMachineTicks(): MachineTicks {
  return parseMachineTicks(readFileSync("/proc/stat", "utf8"));
}

/** Empty for a process that has just ended. */
export function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
