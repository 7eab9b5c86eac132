import type { Steps } from "../steps.ts";
import {
  draw,
  type Fault,
  type MoneyState,
  type MoneyWorld,
  type ProcessorDatabase,
  type RelayDatabase,
  type Server,
} from "./money-state.ts";

/** What terminals and their people do. */
export function terminalSteps(steps: Steps<MoneyState>, state: MoneyState): void {
  state.terminals.forEach((terminal, payment) => {
    if (terminal !== "WAITS" && terminal !== "CANCELS") return;
    if (terminal === "WAITS") {
      steps.chance(`terminal ${payment} cancels`, (next) => {
        next.terminals[payment] = "CANCELS";
        return undefined;
      });
    }
    steps.chance(`terminal ${payment} is never seen again`, (next) => {
      next.terminals[payment] = "GONE";
      return undefined;
    });
  });
}

/** What goes wrong, as long as the budget lasts. */
export function faultSteps(steps: Steps<MoneyState>, state: MoneyState, world: MoneyWorld): void {
  if (state.faultsLeft === 0) return;
  const fault = (kind: Fault, change: (next: MoneyState) => void, detail = "") => {
    if (!world.of.includes(kind)) return;
    steps.chance(`FAULT: ${kind}${detail}`, (next) => {
      next.faultsLeft -= 1;
      change(next);
      return undefined;
    });
  };
  for (let relay = 0; relay < world.relays; relay += 1) {
    fault(
      "relay killed",
      (next) => {
        next.wire = next.wire.filter((message) => message.relay !== relay);
      },
      ` (${relay})`,
    );
  }
  fault("processor killed", (next) => {
    next.wire = [];
  });
  fault("relay database killed", (next) => {
    next.relay.server.start = draw(next);
  });
  fault("relay standby promoted", (next) => {
    next.relay.server.timeline += 1;
    next.relay.server.start = draw(next);
  });
  restores(steps, state, { world, fault });
}

interface Restores {
  readonly world: MoneyWorld;
  readonly fault: (kind: Fault, change: (next: MoneyState) => void) => void;
}

/** A moment is kept first, at any time, and comes back later: once or more often. */
function restores(steps: Steps<MoneyState>, state: MoneyState, { world, fault }: Restores): void {
  const isRelay = world.of.some((kind) => /^relay database (?!killed)/.test(kind));
  const mayKeep = backupsOf(state) < state.faultsLeft;
  if (state.relayBackup === null && isRelay && mayKeep) {
    steps.chance("this moment of the relay's database will come back", (next) => {
      next.relayBackup = structuredClone(next.relay);
      return undefined;
    });
  }
  if (state.relayBackup !== null) {
    fault("relay database restored", (next) => {
      restoreRelay(next, ({ timeline }) => ({ timeline: timeline + 1 }));
    });
    fault("relay database copied back", (next) => restoreRelay(next, () => ({})));
    fault("relay database dumped into a new cluster", (next) => {
      restoreRelay(next, () => ({ system: draw(next), timeline: 1 }));
    });
  }
  const isProcessor = world.of.includes("processor database restored");
  if (state.processorBackup === null && isProcessor && mayKeep) {
    steps.chance("this moment of the processor's database will come back", (next) => {
      next.processorBackup = structuredClone(next.processor);
      return undefined;
    });
  }
  if (state.processorBackup !== null) {
    fault("processor database restored", restoreProcessor);
  }
}

/** One that nobody has a fault left for would never come back. */
function backupsOf({ relayBackup, processorBackup }: MoneyState): number {
  return (relayBackup === null ? 0 : 1) + (processorBackup === null ? 0 : 1);
}

function restoreRelay(next: MoneyState, changed: (server: Server) => Partial<Server>): void {
  const backup = structuredClone(next.relayBackup as RelayDatabase);
  next.relay.records.forEach((record, payment) => {
    const isSame = JSON.stringify(record) === JSON.stringify(backup.records[payment]);
    if (!isSame) next.relayLost[payment] = true;
  });
  next.relay = backup;
  backup.server = { ...backup.server, ...changed(backup.server), start: draw(next) };
}

function restoreProcessor(next: MoneyState): void {
  const backup = structuredClone(next.processorBackup as ProcessorDatabase);
  next.processor.payments.forEach((payment, index) => {
    const isSame = JSON.stringify(payment) === JSON.stringify(backup.payments[index]);
    if (!isSame) next.processorLost[index] = true;
  });
  next.processor = { ...backup, life: draw(next) };
}
