import type { Steps } from "../steps.ts";
import {
  type Ending,
  type Message,
  type MoneyState,
  type MoneyWorld,
  send,
} from "./money-state.ts";

/** What the processors do with what reaches them: each message is one statement. */
export function processorSteps(
  steps: Steps<MoneyState>,
  state: MoneyState,
  { rules }: MoneyWorld,
): void {
  state.wire.forEach((message, index) => {
    const { kind, payment } = message;
    if (kind === "answer" || kind === "confirm" || kind === "refused") return;
    steps.duty(`the processor gets: ${kind} ${message.state} ${payment}`, (next) => {
      next.wire.splice(index, 1);
      const isOld = message.life !== next.processor.life;
      if (isOld && rules.has("streamsEndWithTheDatabase")) return undefined;
      const found = next.processor.payments[payment]?.state ?? "NONE";
      const isAgreed = kind === "acknowledge" && found === message.state;
      if (rules.has("processorFencesEpochs") && !isOfNewestEpoch(next, message) && !isAgreed) {
        const { epochNumber } = next.processor;
        return send(next, { ...message, kind: "refused", number: epochNumber, state: "", life: 0 });
      }
      if (kind === "acknowledge") {
        return acknowledged(next, message, rules.has("importsItsOwnWord"));
      }
      if (kind === "decide") return post(next, message);
      if (kind === "forward" && found === "NONE" && !rules.has("decidesInOneStatement")) {
        return send(next, { ...message, kind: "decide" });
      }
      if (kind === "forward" && found === "NONE") return post(next, message);
      const broken = kind === "reverse" ? reverse(next, message) : undefined;
      answer(next, message, kind);
      return broken;
    });
  });
}

function post(next: MoneyState, message: Message): undefined {
  next.processor.payments[message.payment] = { state: "APPROVED", isKept: false };
  answer(next, message, "forward");
}

function answer(next: MoneyState, message: Message, to: Message["to"]): undefined {
  const state = next.processor.payments[message.payment]?.state ?? "NONE";
  send(next, { ...message, kind: "answer", to, state, life: 0 });
}

/** Whoever is first with a number has it. An epoch before, or a twin, is refused. */
function isOfNewestEpoch({ processor }: MoneyState, { number, name }: Message): boolean {
  if (number > processor.epochNumber) {
    processor.epochNumber = number;
    processor.epochName = name;
  }
  return processor.epochName === name;
}

function reverse(next: MoneyState, { payment }: Message): string | undefined {
  const found = next.processor.payments[payment];
  if (!found) next.processor.payments[payment] = { state: "VOID", isKept: false };
  if (found?.state !== "APPROVED" || found.isKept) return undefined;
  found.state = "UNDONE";
  found.isKept = false;
  const isTold = next.terminals[payment] === "TOLD APPROVED";
  if (isTold && !next.processorLost[payment]) return "a relay alone undoes nothing that was told";
  return undefined;
}

/** An acknowledgement shows the signed result: a processor that has lost it gets it back. */
function acknowledged(next: MoneyState, message: Message, imports: boolean): undefined {
  const { payment, state } = message;
  const { payments, listed, life } = next.processor;
  const found = payments[payment];
  const told = state as Ending;
  if (found?.state === told) found.isKept = true;
  else if (imports && follows(found?.state, told))
    payments[payment] = { state: told, isKept: true };
  else if (imports) listed[payment] = true;
  send(next, { ...message, kind: "confirm", life });
}

/** Whether the processor itself went from the one to the other: a higher revision of the same. */
function follows(found: Ending | undefined, told: Ending): boolean {
  return found === undefined || (found === "APPROVED" && told === "UNDONE");
}
