import {
  type MachineTicks,
  type ProcessTicks,
  readAllTicks,
  readMachineTicks,
  ticksOfTree,
} from "./proc.ts";

/** The machine at one moment. */
interface Moment {
  readonly machine: MachineTicks;
  /** Of this process and all that it started. */
  readonly ours: number;
}

/** From here on; the function that it returns says what part of all cores others have taken. */
export function watchForeignCpu(): () => number {
  const before = now();
  return () => foreignShare(before, now());
}

/** 0 to 1: of all cores, what processes that are not ours and the host's other machines took. */
export function foreignShare(before: Moment, after: Moment): number {
  const passed = (of: (moment: Moment) => number) => of(after) - of(before);
  const all = passed(({ machine }) => machine.all);
  if (all <= 0) return 0;
  const taken = passed(({ machine }) => machine.processes + machine.stolen);
  return Math.max(0, taken - passed(({ ours }) => ours)) / all;
}

function now(): Moment {
  const processes: readonly ProcessTicks[] = readAllTicks();
  return { machine: readMachineTicks(), ours: ticksOfTree(process.pid, processes) };
}
