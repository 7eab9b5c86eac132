/** One thing that happens, and the state that it leads to. */
export interface Step<State> {
  readonly words: string;
  /** Programs do it by themselves, sooner or later. The rest is chance: faults, people, time. */
  readonly isDuty: boolean;
  readonly next: State;
  /** The property that this very step breaks. */
  readonly broken: string | undefined;
}

export interface Model<State> {
  readonly initial: State;
  steps(state: State): readonly Step<State>[];
  /** The property that this state breaks. */
  brokenIn(state: State): string | undefined;
  /** What is wrong where no program has anything left to do. */
  brokenAtRest(state: State): string | undefined;
}

interface Violation {
  readonly property: string;
  /** One line for each step, from the beginning: no shorter way leads there. */
  readonly trace: readonly string[];
}

export interface Exploration {
  readonly states: number;
  readonly violation: Violation | undefined;
  /** The longest way to rest, of all states without another fault. */
  readonly stepsToRest: number;
  /** False when there are more states than it was to visit: whether all ends is not known then. */
  readonly isComplete: boolean;
}

/** Programs that have no fault to suffer are at rest after fewer steps than this. */
const STEPS_TO_REST_MAX = 200;

/**
 * Visits every state that can be reached, those that are near first, and looks for a broken
 * property. Then it lets the programs go on alone from each, until they rest: everything has to be
 * final there.
 */
export function explore<State>(model: Model<State>, most = Number.POSITIVE_INFINITY): Exploration {
  const states = new Reached(JSON.stringify(model.initial));
  for (let index = 0; index < states.count; index += 1) {
    if (states.count > most) {
      return { states: states.count, violation: undefined, stepsToRest: 0, isComplete: false };
    }
    const state = JSON.parse(states.keyOf(index)) as State;
    const violation = (property: string, last: readonly string[]) => {
      const trace = [...states.wordsTo(index), ...last];
      const found = { property, trace };
      return { states: states.count, violation: found, stepsToRest: 0, isComplete: false };
    };
    const property = model.brokenIn(state);
    if (property !== undefined) return violation(property, []);
    for (const { words, isDuty, next, broken } of model.steps(state)) {
      if (broken !== undefined) return violation(broken, [words]);
      states.reach(JSON.stringify(next), { from: index, words, isDuty });
    }
  }
  return restOf(model, states);
}

/** Lets the programs go on alone from every state. */
function restOf<State>(model: Model<State>, states: Reached): Exploration {
  const stepsOf = new Map<number, number>();
  let stepsToRest = 0;
  for (let index = 0; index < states.count; index += 1) {
    const path = states.dutiesFrom(index, STEPS_TO_REST_MAX, (at) => stepsOf.has(at));
    const last = path.at(-1) ?? index;
    const isEndless = path.length > STEPS_TO_REST_MAX;
    const state = JSON.parse(states.keyOf(last)) as State;
    const isKnown = stepsOf.has(last);
    const property = isEndless
      ? "everything ends"
      : isKnown
        ? undefined
        : model.brokenAtRest(state);
    if (property !== undefined) {
      const words = states.dutyWords(path).slice(0, 40);
      const trace = [...states.wordsTo(index), "-- nothing else goes wrong, and then --", ...words];
      const found = { property, trace };
      return { states: states.count, violation: found, stepsToRest, isComplete: true };
    }
    const left = stepsOf.get(last) ?? 0;
    path.forEach((at, place) => {
      stepsOf.set(at, left + path.length - 1 - place);
    });
    stepsToRest = Math.max(stepsToRest, stepsOf.get(index) ?? 0);
  }
  return { states: states.count, violation: undefined, stepsToRest, isComplete: true };
}

/** Every state that was reached, and how. */
class Reached {
  readonly #keys: string[];
  readonly #places: Map<string, number>;
  readonly #from: number[] = [-1];
  readonly #words: string[] = [""];
  /** Where the first duty of each state leads, and what it is. */
  readonly #duties: (number | undefined)[] = [];
  readonly #dutyWords: string[] = [];

  constructor(initial: string) {
    this.#keys = [initial];
    this.#places = new Map([[initial, 0]]);
  }

  get count(): number {
    return this.#keys.length;
  }

  keyOf(index: number): string {
    return this.#keys[index] ?? "";
  }

  reach(
    key: string,
    { from, words, isDuty }: { from: number; words: string; isDuty: boolean },
  ): void {
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.#keys.length;
      this.#keys.push(key);
      this.#places.set(key, place);
      this.#from.push(from);
      this.#words.push(words);
    }
    if (!isDuty || this.#duties[from] !== undefined) return;
    this.#duties[from] = place;
    this.#dutyWords[from] = words;
  }

  /** The state and those after it, as far as a known one, or rest, or one more than `most`. */
  dutiesFrom(index: number, most: number, isKnown: (index: number) => boolean): number[] {
    const path = [index];
    let at = index;
    while (!isKnown(at) && path.length <= most) {
      const next = this.#duties[at];
      if (next === undefined) break;
      path.push(next);
      at = next;
    }
    return path;
  }

  dutyWords(path: readonly number[]): string[] {
    return path.slice(0, -1).map((index) => this.#dutyWords[index] ?? "");
  }

  wordsTo(index: number): string[] {
    const words: string[] = [];
    for (let at = index; at > 0; at = this.#from[at] ?? 0) words.unshift(this.#words[at] ?? "");
    return words;
  }
}
