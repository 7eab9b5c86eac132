/** Closes a stream when its peer has closed and has every answer that it is owed. */
export class OwedAnswers {
  readonly #close: () => void;
  #owed = 0;
  #isClosing = false;

  constructor(close: () => void) {
    this.#close = close;
  }

  get count(): number {
    return this.#owed;
  }

  /** Counts an answer as owed until `work` is over, however it ends. */
  async during(work: () => Promise<void>): Promise<void> {
    this.#owed += 1;
    try {
      await work();
    } finally {
      this.#owed -= 1;
      this.#closeIfPaid();
    }
  }

  closeWhenPaid(): void {
    this.#isClosing = true;
    this.#closeIfPaid();
  }

  #closeIfPaid(): void {
    if (this.#isClosing && this.#owed === 0) this.#close();
  }
}
