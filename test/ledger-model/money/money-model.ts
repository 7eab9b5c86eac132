import type { Model } from "../checker.ts";
import { Steps } from "../steps.ts";
import { canonical, forget } from "./money-canonical.ts";
import { faultSteps, terminalSteps } from "./money-chance.ts";
import { processorSteps } from "./money-processor.ts";
import { relaySteps } from "./money-relay.ts";
import { initialState, isEnding, type MoneyState, type MoneyWorld } from "./money-state.ts";

/** Relay programs and processors, their two databases, terminals: what becomes of payments. */
export function moneyModel(world: MoneyWorld): Model<MoneyState> {
  const { rules } = world;
  return {
    initial: initialState(world),
    steps: (state) => {
      const steps = new Steps(state, rules.has("epochHasName") ? canonical : forget);
      processorSteps(steps, state, world);
      for (let relay = 0; relay < world.relays; relay += 1) relaySteps(steps, state, relay, world);
      if (world.hasPeople) terminalSteps(steps, state);
      faultSteps(steps, state, world);
      return steps.all;
    },
    brokenIn: (state) => ofEach(state, brokenNow),
    brokenAtRest: (state) => ofEach(state, brokenAtRest),
  };
}

function ofEach(
  state: MoneyState,
  broken: (state: MoneyState, payment: number) => string | undefined,
): string | undefined {
  for (let payment = 0; payment < state.terminals.length; payment += 1) {
    const property = broken(state, payment);
    if (property !== undefined) return property;
  }
  return undefined;
}

/** What was said FINAL is so, unless the processor itself has been restored to before it. */
function brokenNow(state: MoneyState, payment: number): string | undefined {
  if (state.processorLost[payment]) return undefined;
  return saidAndNotSo(state, payment);
}

function saidAndNotSo(state: MoneyState, payment: number): string | undefined {
  const terminal = state.terminals[payment];
  const isPosted = state.processor.payments[payment]?.state === "APPROVED";
  if (terminal === "TOLD APPROVED" && !isPosted) return "an approval that was told stands";
  if (terminal === "TOLD NOTHING" && isPosted) return "nothing is posted that was told undone";
  return undefined;
}

function brokenAtRest(state: MoneyState, payment: number): string | undefined {
  const terminal = state.terminals[payment];
  const record = state.relay.records[payment] ?? undefined;
  const posted = state.processor.payments[payment] ?? undefined;
  if (terminal === "WAITS" || terminal === "CANCELS") return "everything ends";
  if (record && !isEnding(record.state)) return "everything ends";
  if (posted && !record) return "no posting without a party who can learn of it";
  if (state.processor.listed[payment]) return undefined;
  if (posted && record && posted.state !== record.state) return "both sides agree in the end";
  if (posted?.state === "APPROVED" && !posted.isKept)
    return "everything is acknowledged in the end";
  if (record && !posted) return "both sides agree in the end";
  // Both sides have lost it: the terminal's journal alone has the processor's signature.
  if (state.processorLost[payment] && state.relayLost[payment]) return undefined;
  return saidAndNotSo(state, payment);
}
