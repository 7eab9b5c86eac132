interface BackOffOptions {
  /** The longest first wait, in milliseconds; it doubles with every wait, up to `msMax`. */
  readonly msMin: number;
  readonly msMax: number;
  /**
   * The share of each wait that chance cannot shorten. It is 0 when left out: after an outage,
   * those who reconnect come back spread out. It is 0.5 for questions that can wait.
   */
  readonly certainShare?: number;
  /** From 0 up to 1. */
  readonly jitter: () => number;
}

/** How long to wait before something is tried once more: longer each time, and never in step. */
export class BackOff {
  readonly #options: BackOffOptions;
  #waits = 0;

  constructor(options: BackOffOptions) {
    this.#options = options;
  }

  /** The next wait, in whole milliseconds, as clocks count. */
  nextMs(): number {
    const { msMin, msMax, certainShare = 0, jitter } = this.#options;
    const longestMs = Math.min(msMax, msMin * 2 ** this.#waits);
    this.#waits += 1;
    return Math.ceil(longestMs * (certainShare + (1 - certainShare) * jitter()));
  }

  /** It went well: the next wait is a first one. */
  reset(): void {
    this.#waits = 0;
  }
}
