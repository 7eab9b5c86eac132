import type { Step } from "./checker.ts";

/** Collects what can happen in one state. */
export class Steps<State> {
  readonly all: Step<State>[] = [];
  readonly #key: string;

  readonly #canonical: (state: State) => void;

  /** @param canonical makes states that differ in nothing that matters the same. */
  constructor(state: State, canonical: (state: State) => void) {
    this.#key = JSON.stringify(state);
    this.#canonical = canonical;
  }

  /** @param change of a copy of the state; it may name the property that the step breaks. */
  duty(words: string, change: (state: State) => string | undefined): void {
    this.#add(words, true, change);
  }

  chance(words: string, change: (state: State) => string | undefined): void {
    this.#add(words, false, change);
  }

  #add(words: string, isDuty: boolean, change: (state: State) => string | undefined): void {
    const next = JSON.parse(this.#key) as State;
    const broken = change(next);
    this.#canonical(next);
    this.all.push({ words, isDuty, next, broken });
  }
}
