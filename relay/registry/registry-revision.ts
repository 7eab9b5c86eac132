import type { Surroundings } from "../../mesh/surroundings.ts";

/** Notices, with one query for all devices once in a while, that the registry has changed. */
export class RegistryRevision {
  readonly #options: RegistryRevisionOptions;
  #known: bigint | undefined;
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(options: RegistryRevisionOptions) {
    this.#options = options;
  }

  /**
   * Resolves when all that was kept is of a registry as it was at most `freshMs` ago; undefined
   * when it is already.
   *
   * @throws whatever `read` throws.
   */
  confirm(): Promise<void> | undefined {
    const { clock, freshMs } = this.#options;
    if (clock.monotonicMs() < this.#confirmedAtMs + freshMs) return undefined;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const { clock, read, onChange } = this.#options;
    const askedAtMs = clock.monotonicMs();
    const revision = await read();
    if (revision !== this.#known) onChange();
    this.#known = revision;
    this.#confirmedAtMs = askedAtMs;
  }
}

interface RegistryRevisionOptions extends Pick<Surroundings, "clock"> {
  /** Another number after each change of the registry. */
  readonly read: () => Promise<bigint>;
  readonly freshMs: number;
  /** What was read of the registry before does not hold any more. */
  readonly onChange: () => void;
}
