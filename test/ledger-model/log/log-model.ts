import type { Model } from "../checker.ts";
import { Steps } from "../steps.ts";
import { faultSteps } from "./log-faults.ts";
import { initialState, type LogState, type LogWorld } from "./log-state.ts";
import { raiseSteps, watchSteps, writerSteps } from "./log-steps.ts";

/** Programs that write to one log, its watcher and its webhook: what becomes of positions. */
export function logModel(world: LogWorld): Model<LogState> {
  return {
    initial: initialState(world),
    steps: (state) => {
      const steps = new Steps(state, forget);
      raiseSteps(steps, state, world);
      for (let program = 0; program < world.programs; program += 1) {
        writerSteps(steps, state, program, world);
      }
      watchSteps(steps, state, world);
      faultSteps(steps, state, world);
      return steps.all;
    },
    brokenIn: () => undefined,
    brokenAtRest: ({ log, known, received }) => {
      const isHeard = log.events.every(({ what }) => known.includes(what));
      if (!isHeard) return "everything is told in the end";
      const isReceived = log.events.every(({ what }) => received.some((one) => one.what === what));
      return isReceived ? undefined : "everything is delivered in the end";
    },
  };
}

/** Without a fault left no backup comes back; lists that are sets have one order. */
function forget(state: LogState): void {
  if (state.faultsLeft === 0) state.backup = null;
  state.known.sort((one, other) => one - other);
}
