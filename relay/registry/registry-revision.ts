import type { Surroundings } from "../../mesh/surroundings.ts";

/** Notices, with one query for all devices once in a while, that the registry has changed. */
export class RegistryRevision {
  readonly #options: RegistryRevisionOptions;
  #known: { readonly revision: bigint; readonly askedAtMs: number } | undefined;
  #asking: Promise<bigint> | undefined;

  constructor(options: RegistryRevisionOptions) {
    this.#options = options;
  }

  /**
   * The registry's revision, when all that was kept is of the registry as it was at most `ageMsMax`
   * ago; with 0, as it is when this is called.
   *
   * @throws whatever `read` throws.
   */
  async confirmed(ageMsMax: number): Promise<bigint> {
    const known = this.#known;
    const isFresh = known && this.#options.clock.monotonicMs() < known.askedAtMs + ageMsMax;
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
    const { clock, read, onChange } = this.#options;
    const askedAtMs = clock.monotonicMs();
    const revision = await read();
    if (revision !== this.#known?.revision) onChange();
    this.#known = { revision, askedAtMs };
    return revision;
  }
}

interface RegistryRevisionOptions extends Pick<Surroundings, "clock"> {
  /** Another number after each change of the registry. */
  readonly read: () => Promise<bigint>;
  /** What was read of the registry before does not hold any more. */
  readonly onChange: () => void;
}
