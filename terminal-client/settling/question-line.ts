import type { Turns } from "../../mesh/limits/turns.ts";

type Question = () => void | Promise<void>;

/** Where one payment's questions wait for their turn, as long as nobody waits for the payment. */
export class QuestionLine {
  readonly #onFailure: (error: unknown) => void;
  #turns: Turns | undefined;
  #leave: (() => void) | undefined;

  /** @param turns shared with other payments; undefined: somebody waits, it is asked at once. */
  constructor(turns: Turns | undefined, onFailure: (error: unknown) => void) {
    this.#turns = turns;
    this.#onFailure = onFailure;
  }

  /** At once or in turn. Who is in line already asks what it came for, once. */
  ask(question: Question): void {
    if (this.#turns === undefined) {
      void this.#run(question);
      return;
    }
    this.#leave ??= this.#turns.enter((over) => {
      this.#leave = undefined;
      void this.#run(question).then(over);
    });
  }

  /** From now on nothing waits. @returns whether something did: it is to be asked now. */
  hurry(): boolean {
    this.#turns = undefined;
    return this.leave();
  }

  /** @returns whether a question was in line; it is not asked any more. */
  leave(): boolean {
    const leave = this.#leave;
    this.#leave = undefined;
    leave?.();
    return leave !== undefined;
  }

  async #run(question: Question): Promise<void> {
    try {
      await question();
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
