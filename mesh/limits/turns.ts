/**
 * Calls of one peer in the order in which they came: each begins in a later turn of the event loop
 * than its headers, and so many have a place at once. However many a peer asks together, others
 * wait for a few of them only; one that is reset before its turn has cost nothing.
 */
export class Turns {
  readonly #atOnceMax: number;
  readonly #waiting = new Set<Beginning>();
  #underWay = 0;
  #isPlanned = false;

  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax;
  }

  /** @returns withdraws it, as long as it waits. */
  enter(begin: Beginning): () => void {
    this.#waiting.add(begin);
    this.#plan();
    return () => void this.#waiting.delete(begin);
  }

  #plan(): void {
    if (this.#isPlanned || this.#waiting.size === 0) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#beginSome();
    });
  }

  #beginSome(): void {
    for (const begin of this.#waiting) {
      if (this.#underWay >= this.#atOnceMax) return;
      this.#waiting.delete(begin);
      this.#underWay += 1;
      let isOver = false;
      begin(() => {
        if (isOver) return;
        isOver = true;
        this.#underWay -= 1;
        this.#plan();
      });
    }
  }
}

/** What a call is: a question, a question for a page of a list, or a stream of messages. */
export type CallKind = "call" | "list" | "stream";

/** A list costs as much as a hundred other calls: they take turns of their own. */
export class CallTurns {
  readonly #calls: Turns;
  readonly #lists: Turns;

  constructor(callsAtOnceMax: number, listsAtOnceMax: number) {
    this.#calls = new Turns(callsAtOnceMax);
    this.#lists = new Turns(listsAtOnceMax);
  }

  /**
   * A call keeps its place until `over`, which may never be for a stream: that one has its place
   * for as long as it begins.
   *
   * @returns withdraws it, as long as it waits.
   */
  enter(kind: CallKind, begin: Beginning): () => void {
    if (kind !== "stream") return (kind === "list" ? this.#lists : this.#calls).enter(begin);
    return this.#calls.enter((over) => {
      begin(over);
      setImmediate(over);
    });
  }
}

/** @param over to be called when the place is free for another. */
type Beginning = (over: () => void) => void;
