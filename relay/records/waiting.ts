import { Certainty } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import { certaintyOf, HELD, isHeld, type StateName } from "../../payment/states.ts";
import type { RecordOutcome } from "./relay-record.ts";

/** Somebody who wants to hear what becomes of a record: a terminal's stream. */
export interface Listener {
  /** Once for REVERSING, once when that waits for an operator, and once for the end. */
  readonly tell: (outcome: RecordOutcome) => void;
}

interface Wait {
  readonly listeners: Set<Listener>;
  lastTold: Told;
}

/** What somebody may hear of a record, once each. */
export type Told = StateName | typeof HELD;

export function toldOf(outcome: RecordOutcome): Told {
  return isHeld(outcome) ? HELD : outcome.state;
}

/** Who waits for which record. A payment that was submitted on two streams is told on both. */
export class Waiting {
  readonly #waits = new Map<RecordNumber, Wait>();

  /** @param knownState what the listener has heard already. */
  add(recordNumber: RecordNumber, knownState: StateName, listener: Listener): void {
    const wait = this.#waits.get(recordNumber);
    if (wait === undefined) {
      this.#waits.set(recordNumber, { listeners: new Set([listener]), lastTold: knownState });
    } else {
      wait.listeners.add(listener);
    }
  }

  remove(recordNumber: RecordNumber, listener: Listener): void {
    const wait = this.#waits.get(recordNumber);
    wait?.listeners.delete(listener);
    if (wait?.listeners.size === 0) this.#waits.delete(recordNumber);
  }

  /** Records that somebody waits for, for looking up what other instances did with them. */
  recordNumbers(): readonly RecordNumber[] {
    return [...this.#waits.keys()];
  }

  tell(outcome: RecordOutcome): void {
    const wait = this.#waits.get(outcome.recordNumber);
    const { state } = outcome;
    const told = toldOf(outcome);
    if (wait === undefined || wait.lastTold === told || !isWorthTelling(state)) return;
    wait.lastTold = told;
    if (certaintyOf(state) === Certainty.FINAL) this.#waits.delete(outcome.recordNumber);
    for (const listener of wait.listeners) listener.tell(outcome);
  }
}

/** RECEIVED and FORWARDED are what Recorded said already. */
function isWorthTelling(state: StateName): boolean {
  return state !== "RECEIVED" && state !== "FORWARDED";
}
