/** Something that arrived, by mail or by SMS. */
export interface Arrival {
  readonly number: number;
  readonly channel: "EMAIL" | "SMS";
  readonly arrivedAtMs: number;
  readonly from: string;
  readonly to: string;
  /** Of a mail; empty for an SMS. */
  readonly subject: string;
  readonly text: string;
  /** Of a mail, as it was sent; empty for an SMS. */
  readonly html: string;
}

/** Memory is all that a mailbox for development needs, and not without end. */
const ARRIVALS_MAX = 1_000;

/** What has arrived since the start, newest last. */
export class Arrivals {
  readonly #nowMs: () => number;
  #all: Arrival[] = [];
  #lastNumber = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get all(): readonly Arrival[] {
    return this.#all;
  }

  add(arrival: Omit<Arrival, "number" | "arrivedAtMs">): void {
    this.#lastNumber += 1;
    const added = { ...arrival, number: this.#lastNumber, arrivedAtMs: this.#nowMs() };
    this.#all = [...this.#all, added].slice(-ARRIVALS_MAX);
  }

  find(number: number): Arrival | undefined {
    return this.#all.find((one) => one.number === number);
  }
}
