import type { Steps } from "../steps.ts";
import type { MoneyRules } from "./money-rules.ts";
import {
  type Epoch,
  epochNow,
  isEnding,
  isOnTheWay,
  type Message,
  type MoneyState,
  type MoneyWorld,
  type RelayRecord,
  raiseEpoch,
  send,
} from "./money-state.ts";

/** What one relay program can do: each step is one statement, or one message. */
export function relaySteps(
  steps: Steps<MoneyState>,
  state: MoneyState,
  relay: number,
  world: MoneyWorld,
): void {
  const epoch = epochNow(state.relay, world.rules);
  if (epoch === undefined) {
    steps.duty(`a relay meets another server, and raises the epoch`, (next) => {
      raiseEpoch(next, world.rules);
      return undefined;
    });
    return;
  }
  receive(steps, state, { relay, epoch, world });
  for (let payment = 0; payment < world.payments; payment += 1) {
    const turn = { relay, epoch, payment, world };
    recordAndEnd(steps, state, turn);
    sendAndAsk(steps, state, turn);
    acknowledge(steps, state, turn);
  }
}

interface Program {
  readonly relay: number;
  readonly epoch: Epoch;
  readonly world: MoneyWorld;
}

interface Turn extends Program {
  readonly payment: number;
}

function recordAndEnd(
  steps: Steps<MoneyState>,
  state: MoneyState,
  { epoch, payment, world }: Turn,
): void {
  const { rules } = world;
  const record = state.relay.records[payment];
  const terminal = state.terminals[payment];
  const insert = (words: string, row: "FORWARDED" | "REVERSING", name: number) =>
    steps.duty(`a relay ${words} ${payment}`, (next) => {
      next.relay.records[payment] = { state: row, epoch: name, confirmedBy: 0 };
      return undefined;
    });
  if (record === null || record === undefined) {
    if (terminal === "WAITS") insert("records payment", "FORWARDED", epoch.name);
    if (terminal === "CANCELS") insert("records the end of unknown", "REVERSING", epoch.name);
    const isThere = state.processor.payments[payment] !== null;
    if (isThere && rules.has("recoversFromProcessor")) {
      insert("hears from the processor of the lost payment", "FORWARDED", 0);
    }
    return;
  }
  if (isEnding(record.state) && (terminal === "WAITS" || terminal === "CANCELS")) {
    steps.duty(`a relay tells terminal ${payment} FINAL: ${record.state}`, (next) => {
      const isApproved = record.state === "APPROVED";
      next.terminals[payment] = isApproved ? "TOLD APPROVED" : "TOLD NOTHING";
      return undefined;
    });
  }
  if (record.state !== "FORWARDED") return;
  const reverse = (next: MoneyState) => {
    const row = next.relay.records[payment];
    if (row) row.state = "REVERSING";
    return undefined;
  };
  if (terminal === "CANCELS") {
    steps.duty(`a relay commits that cancelled ${payment} is REVERSING`, reverse);
  } else if (world.hasDeadlines && isOwn(record, epoch, rules)) {
    steps.chance(`a relay commits that overdue ${payment} is REVERSING`, reverse);
  }
}

function sendAndAsk(
  steps: Steps<MoneyState>,
  state: MoneyState,
  { relay, epoch, payment, world }: Turn,
): void {
  const record = state.relay.records[payment];
  const kind = record ? kindOfQuestion(record.state, isOwn(record, epoch, world.rules)) : undefined;
  if (kind === undefined) return;
  const { life } = state.processor;
  const message: Message = { ...blank(relay, payment), kind, ...nameOf(epoch), life };
  // A question whose answer is on its way is not asked again.
  const { wire } = state;
  const isAnswered = wire.some(({ payment: of, to, name }) => {
    return of === payment && to === kind && name === epoch.name;
  });
  if (isAnswered || isOnTheWay(state, message) || isRefused(state, epoch)) return;
  steps.duty(`a relay sends: ${kind} ${payment}`, (next) => send(next, message));
}

/** What an epoch before has recorded may have been told, by programs that nobody remembers. */
function isOwn(record: RelayRecord, epoch: Epoch, rules: MoneyRules): boolean {
  return record.epoch === epoch.name || !rules.has("asksBeforeReversing");
}

function kindOfQuestion(
  state: RelayRecord["state"],
  mayForward: boolean,
): "forward" | "ask" | "reverse" | undefined {
  if (state === "REVERSING") return "reverse";
  if (state !== "FORWARDED") return undefined;
  return mayForward ? "forward" : "ask";
}

function isRefused({ wire }: MoneyState, epoch: Epoch): boolean {
  return wire.some(({ kind, name }) => kind === "refused" && name === epoch.name);
}

function acknowledge(
  steps: Steps<MoneyState>,
  state: MoneyState,
  { relay, epoch, payment, world: { rules } }: Turn,
): void {
  const record = state.relay.records[payment];
  if (!rules.has("acknowledgementsRepeated") || !record || !isEnding(record.state)) return;
  const { life } = state.processor;
  const isDone = rules.has("presentedAgain") ? record.confirmedBy === life : record.confirmedBy > 0;
  const isConfirming = state.wire.some((one) => {
    return one.payment === payment && one.kind === "confirm" && one.life === life;
  });
  const message = { ...acknowledgementOf(relay, payment, epoch, record.state), life };
  if (isDone || isConfirming || isOnTheWay(state, message)) return;
  steps.duty(`a relay acknowledges ${record.state} of ${payment}`, (next) => {
    const row = next.relay.records[payment];
    if (row && !rules.has("acknowledgementConfirmed")) row.confirmedBy = life;
    return send(next, message);
  });
}

function receive(
  steps: Steps<MoneyState>,
  state: MoneyState,
  { relay, epoch, world: { rules } }: Program,
): void {
  state.wire.forEach((message, index) => {
    const { kind, payment } = message;
    if (message.relay !== relay) return;
    if (kind !== "answer" && kind !== "confirm" && kind !== "refused") return;
    const about = message.to === "" ? "" : ` to ${message.to}`;
    const words = `a relay gets: ${kind} ${message.state}${about} ${payment}`;
    steps.duty(words, (next) => {
      next.wire.splice(index, 1);
      if (kind === "refused") {
        const mayRaise = rules.has("refusedEpochIsRaised") && message.name === epoch.name;
        if (mayRaise) raiseEpoch(next, rules, message.number);
        return undefined;
      }
      const record = next.relay.records[payment];
      if (!record) return undefined;
      if (kind === "confirm") {
        if (record.state === message.state) record.confirmedBy = message.life;
        return undefined;
      }
      if (rules.has("flightsKeepTheirEpoch") && message.name !== epoch.name) return undefined;
      return commitAnswer(next, message, rules.has("reversingStays"));
    });
    const isOnce = !rules.has("acknowledgementsRepeated") && kind === "answer";
    if (isOnce) acknowledgeOnce(steps.all.at(-1)?.next, message, epoch);
  });
}

function commitAnswer(
  next: MoneyState,
  { payment, to, state }: Message,
  reversingStays: boolean,
): undefined {
  const record = next.relay.records[payment];
  if (!record || isEnding(record.state)) return;
  if (record.state === "REVERSING" && to !== "reverse" && reversingStays) return;
  if (isEnding(state)) record.state = state;
  // The processor has never seen it: now it may be undone, which keeps it from ever coming.
  else record.state = "REVERSING";
}

function acknowledgeOnce(
  next: MoneyState | undefined,
  { relay, payment }: Message,
  epoch: Epoch,
): void {
  const record = next?.relay.records[payment];
  if (next && record && isEnding(record.state)) {
    const { life } = next.processor;
    send(next, { ...acknowledgementOf(relay, payment, epoch, record.state), life });
  }
}

function acknowledgementOf(
  relay: number,
  payment: number,
  epoch: Epoch,
  state: Message["state"],
): Message {
  return { ...blank(relay, payment), kind: "acknowledge", ...nameOf(epoch), state };
}

function nameOf({ number, name }: Epoch): { number: number; name: number } {
  return { number, name };
}

function blank(relay: number, payment: number): Message {
  return { kind: "ask", payment, relay, number: 0, name: 0, to: "", state: "", life: 0 };
}
