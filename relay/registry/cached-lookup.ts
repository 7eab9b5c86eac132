import type { Clock } from "../../mesh/clock.ts";
import { GroupCommit } from "../../mesh/group-commit.ts";

/**
 * Values by key, kept for a short time: what many payments ask for within a moment is one query.
 * Absence is kept as well, so that an unknown device costs no query per attempt.
 */
export class CachedLookup<Key, Value> {
  readonly #options: CachedLookupOptions<Key, Value>;
  readonly #entries = new Map<Key, Entry<Value>>();
  readonly #loads: GroupCommit<Key, Value | undefined>;
  #generation = 0;

  constructor(options: CachedLookupOptions<Key, Value>) {
    this.#options = options;
    this.#loads = new GroupCommit({ flush: (keys) => this.#load(keys) });
  }

  /** @throws whatever `load` throws. */
  async get(key: Key): Promise<Value | undefined> {
    const entry = this.#entries.get(key);
    const { clock, freshMs } = this.#options;
    if (entry !== undefined && clock.monotonicMs() < entry.loadedAtMs + freshMs) return entry.value;
    return await this.#loads.add(key);
  }

  /** What is being loaded just now is not kept either: it may be older than this call. */
  clear(): void {
    this.#generation += 1;
    this.#entries.clear();
  }

  async #load(keys: readonly Key[]): Promise<readonly (Value | undefined)[]> {
    const generation = this.#generation;
    const wanted = [...new Set(keys)];
    const loaded = await this.#options.load(wanted, (key) => this.#entries.get(key)?.value);
    if (generation === this.#generation) {
      const loadedAtMs = this.#options.clock.monotonicMs();
      for (const key of wanted) this.#keep(key, { value: loaded.get(key), loadedAtMs });
    }
    return keys.map((key) => loaded.get(key));
  }

  #keep(key: Key, entry: Entry<Value>): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= this.#options.entriesMax) return;
    // A map keeps the order of insertion: the one that was loaded longest ago comes first.
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}

export interface CachedLookupOptions<Key, Value> {
  /**
   * @param keys all different.
   * @param staleOf what was known of one of them; it may be out of date.
   */
  readonly load: (
    keys: readonly Key[],
    staleOf: (key: Key) => Value | undefined,
  ) => Promise<ReadonlyMap<Key, Value>>;
  readonly clock: Clock;
  readonly freshMs: number;
  readonly entriesMax: number;
}

interface Entry<Value> {
  readonly value: Value | undefined;
  readonly loadedAtMs: number;
}
