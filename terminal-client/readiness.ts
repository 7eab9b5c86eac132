import type { Clock } from "../mesh/clock.ts";
import type { PaymentError } from "../payment/errors.ts";

/** How often it is looked for what comes without a word, such as a peer's time. */
const LOOK_MS = 500;

/** Lets a payment wait for what it cannot begin without: a reader, a relay, a key manifest. */
export class Readiness {
  readonly #missing: () => PaymentError | undefined;
  readonly #mayCome: (missing: PaymentError) => boolean;
  readonly #waiting = new Set<() => void>();

  /**
   * @param missing what is missing now, as the error that a payment ends with; undefined: nothing.
   * @param mayCome whether waiting can help; where it can not, the payment ends at once.
   */
  constructor(
    missing: () => PaymentError | undefined,
    mayCome: (missing: PaymentError) => boolean = () => true,
  ) {
    this.#missing = missing;
    this.#mayCome = mayCome;
  }

  /** To be called when something may have come or gone. */
  readonly changed = (): void => {
    for (const wake of this.#waiting) wake();
  };

  /** @throws PaymentError for what can not come, or is still missing after `durationMsMax`. */
  async wait(clock: Clock, durationMsMax: number): Promise<void> {
    let isLate = false;
    using _timer = clock.timer(durationMsMax, () => {
      isLate = true;
      this.changed();
    });
    for (let missing = this.#missing(); missing !== undefined; missing = this.#missing()) {
      if (isLate || !this.#mayCome(missing)) throw missing;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      using _look = clock.timer(LOOK_MS, resolve);
      await promise;
      this.#waiting.delete(resolve);
    }
  }
}
