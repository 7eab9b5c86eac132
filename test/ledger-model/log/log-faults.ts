import type { Steps } from "../steps.ts";
import { draw, epochNow, type LogFault, type LogState, type LogWorld } from "./log-state.ts";

export function faultSteps(steps: Steps<LogState>, state: LogState, world: LogWorld): void {
  if (state.faultsLeft === 0) return;
  const fault = (kind: LogFault, change: (next: LogState) => void) => {
    if (!world.of.includes(kind)) return;
    steps.chance(`FAULT: ${kind}`, (next) => {
      next.faultsLeft -= 1;
      change(next);
      return undefined;
    });
  };
  state.writers.forEach((writer, program) => {
    const isWriting = writer.epoch !== null;
    if (isWriting) fault("program killed", (next) => endWrites(next, [program], world));
  });
  fault("database killed", (next) => startServer(next, world));
  fault("standby promoted", (next) => {
    next.log.server.timeline += 1;
    startServer(next, world);
  });
  if (state.foreign === 0) {
    fault("somebody forgets a transaction", (next) => {
      next.foreign = next.log.nextTransaction;
      next.log.nextTransaction += 1;
    });
  }
  if (state.backup === null) {
    if (!world.of.some((kind) => /restored|copied|dumped/.test(kind))) return;
    steps.chance("this moment of the database will come back", (next) => {
      next.backup = structuredClone(next.log);
      return undefined;
    });
    return;
  }
  const restore = (kind: LogFault, change: (next: LogState) => void) =>
    fault(kind, (next) => {
      next.log = structuredClone(next.backup as LogState["log"]);
      change(next);
      startServer(next, world);
    });
  restore("database restored", (next) => {
    next.log.server.timeline += 1;
  });
  restore("database copied back", () => undefined);
  restore("database dumped into a new cluster", (next) => {
    next.log.server = { system: draw(next), timeline: 1, start: 0 };
    next.log.nextTransaction = 1;
  });
}

/** Every connection ends, and with it every transaction. */
function startServer(next: LogState, world: LogWorld): void {
  next.log.server.start = draw(next);
  next.foreign = 0;
  next.isAtHome = false;
  endWrites(next, [...next.writers.keys()], world);
}

/** What was not committed is written again. */
function endWrites(next: LogState, programs: readonly number[], world: LogWorld): void {
  for (const program of programs) {
    const writer = next.writers[program];
    if (!writer) continue;
    if (writer.epoch !== null) next.writesLeft += 1;
    writer.epoch = null;
    writer.transaction = 0;
    if (programs.length > 1) continue;
    const { number, name } = epochNow(next.log, world.rules) ?? writer.remembered;
    writer.remembered = { number, name };
  }
}
