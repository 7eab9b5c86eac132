import type { Clock } from "../../mesh/clock.ts";
import type { RegistryStore } from "./registry-store.ts";

/** A device that is suspended through another instance is refused here after this long. */
export const FRESH_MS = 5_000;

/** Notices, with one query for all devices once in a while, that the registry has changed. */
export class RegistryRevision {
  readonly #store: Pick<RegistryStore, "revision">;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #known: bigint | undefined;
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  /** @param onChange what was read of the registry before does not hold any more. */
  constructor(store: Pick<RegistryStore, "revision">, clock: Clock, onChange: () => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /**
   * Resolves when all that was kept is of a registry as it was at most FRESH_MS ago; undefined
   * when it is already.
   *
   * @throws whatever the store throws.
   */
  confirm(): Promise<void> | undefined {
    if (this.#clock.monotonicMs() < this.#confirmedAtMs + FRESH_MS) return undefined;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const askedAtMs = this.#clock.monotonicMs();
    const revision = await this.#store.revision();
    if (revision !== this.#known) this.#onChange();
    this.#known = revision;
    this.#confirmedAtMs = askedAtMs;
  }
}
