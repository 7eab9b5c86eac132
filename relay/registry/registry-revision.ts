import type { Clock } from "../../mesh/clock.ts";
import type { RegistryStore } from "./registry-store.ts";

/** Notices, with one query for all devices once in a while, that the registry has changed. */
export class RegistryRevision {
  readonly #store: Pick<RegistryStore, "revision">;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #known: { readonly revision: bigint; readonly askedAtMs: number } | undefined;
  #asking: Promise<bigint> | undefined;

  /** @param onChange what was read of the registry before does not hold any more. */
  constructor(store: Pick<RegistryStore, "revision">, clock: Clock, onChange: () => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /**
   * The registry's revision, when all that was kept is of the registry as it was at most `ageMsMax`
   * ago; with 0, as it is when this is called.
   *
   * @throws whatever the store throws.
   */
  async confirmed(ageMsMax: number): Promise<bigint> {
    const known = this.#known;
    const isFresh = known && this.#clock.monotonicMs() < known.askedAtMs + ageMsMax;
    if (isFresh) return known.revision;
    // The database may have answered before this call what is being asked already.
    if (ageMsMax === 0 && this.#asking) await this.#asking.catch(() => undefined);
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return await this.#asking;
  }

  /** What is known is out of date. */
  forget(): void {
    this.#known = undefined;
  }

  async #ask(): Promise<bigint> {
    const askedAtMs = this.#clock.monotonicMs();
    const revision = await this.#store.revision();
    if (revision !== this.#known?.revision) this.#onChange();
    this.#known = { revision, askedAtMs };
    return revision;
  }
}
