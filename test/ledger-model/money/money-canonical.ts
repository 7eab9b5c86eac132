import { compareMessages, type MoneyState, type RelayDatabase } from "./money-state.ts";

/**
 * Gives random numbers new names in the order in which they appear, and forgets what can have no
 * effect any more: states that differ in nothing else become one.
 */
export function canonical(state: MoneyState): void {
  forget(state);
  const starts = new Names();
  const systems = new Names();
  const names = new Names();
  const lives = new Names();
  const { processor, processorBackup } = state;
  processor.epochName = names.of(processor.epochName);
  if (processorBackup) processorBackup.epochName = names.of(processorBackup.epochName);
  for (const relay of [state.relay, state.relayBackup]) {
    if (relay) renameRelay(relay, { starts, systems, names, lives });
  }
  for (const database of [processor, processorBackup]) {
    if (database) database.life = lives.of(database.life);
  }
  for (const message of state.wire) {
    message.name = names.of(message.name);
    message.life = lives.of(message.life);
  }
  arrange(state);
  state.drawn = Math.max(starts.count, systems.count, names.count, lives.count);
}

/** Relay programs are alike: the first of the list is the one whose messages come first. */
function arrange(state: MoneyState): void {
  state.wire.sort(compareMessages);
  if (state.wire.every(({ relay }) => relay === 0)) return;
  const swapped = state.wire.map((message) => ({ ...message, relay: 1 - message.relay }));
  swapped.sort(compareMessages);
  const isFirst = state.wire.findIndex((message, index) => {
    return compareMessages(message, swapped[index] ?? message) !== 0;
  });
  const [here, there] = [state.wire[isFirst], swapped[isFirst]];
  if (here && there && compareMessages(there, here) < 0) state.wire = swapped;
}

/** Without a fault left no backup comes back. */
export function forget(state: MoneyState): void {
  arrange(state);
  if (state.faultsLeft > 0) return;
  state.relayBackup = null;
  state.processorBackup = null;
}

function renameRelay(
  relay: RelayDatabase,
  { starts, systems, names, lives }: Record<"starts" | "systems" | "names" | "lives", Names>,
): void {
  for (const server of [relay.server, relay.epoch.server]) {
    server.start = starts.of(server.start);
    server.system = systems.of(server.system);
  }
  relay.epoch.name = names.of(relay.epoch.name);
  for (const record of relay.records) {
    if (!record) continue;
    record.epoch = names.of(record.epoch);
    record.confirmedBy = lives.of(record.confirmedBy);
  }
}

/** Nothing keeps its name, which is 0. */
class Names {
  readonly #known = new Map<number, number>([[0, 0]]);

  of(name: number): number {
    const known = this.#known.get(name) ?? this.#known.size;
    this.#known.set(name, known);
    return known;
  }

  get count(): number {
    return this.#known.size - 1;
  }
}
