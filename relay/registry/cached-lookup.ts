import type { Clock } from "../../mesh/clock.ts";
import { GroupCommit } from "../../mesh/group-commit.ts";

/**
 * Values by key, kept while they are fresh: what many payments ask for within a moment is one
 * query. Absence is kept as well, so that an unknown device costs no query per attempt.
 */
export class CachedLookup<Key, Value> {
  readonly #read: Read<Key, Value>;
  readonly #isFresh: (loaded: Loaded<Value>) => boolean;
  readonly #clock: Clock;
  readonly #entriesMax: number;
  readonly #entries = new Map<Key, Entry<Value>>();
  readonly #loads: GroupCommit<Key, Value | undefined>;
  #generation = 0;

  /** @param isFresh whether a value may still be used, if nothing has expired since. */
  constructor(
    read: Read<Key, Value>,
    isFresh: (loaded: Loaded<Value>) => boolean,
    clock: Clock,
    { entriesMax }: { readonly entriesMax: number },
  ) {
    this.#read = read;
    this.#isFresh = isFresh;
    this.#clock = clock;
    this.#entriesMax = entriesMax;
    this.#loads = new GroupCommit({ flush: (keys) => this.#load(keys) });
  }

  /** @throws whatever `read` throws. */
  async get(key: Key): Promise<Value | undefined> {
    const entry = this.#entries.get(key);
    const isFresh = entry?.generation === this.#generation && this.#isFresh(entry);
    return isFresh ? entry.value : await this.#loads.add(key);
  }

  /** All that was loaded is out of date, and so is what is being loaded just now. */
  expire(): void {
    this.#generation += 1;
  }

  async #load(keys: readonly Key[]): Promise<readonly (Value | undefined)[]> {
    const generation = this.#generation;
    const wanted = [...new Set(keys)];
    const loaded = await this.#read(wanted, (key) => this.#entries.get(key)?.value);
    const loadedAtMs = this.#clock.monotonicMs();
    for (const key of wanted) this.#keep(key, { value: loaded.get(key), loadedAtMs, generation });
    return keys.map((key) => loaded.get(key));
  }

  #keep(key: Key, entry: Entry<Value>): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= this.#entriesMax) return;
    // A map keeps the order of insertion: the one that was loaded longest ago comes first.
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}

/**
 * @param keys all different.
 * @param staleOf what was known of one of them; it may be out of date.
 */
export type Read<Key, Value> = (
  keys: readonly Key[],
  staleOf: (key: Key) => Value | undefined,
) => Promise<ReadonlyMap<Key, Value>>;

export interface Loaded<Value> {
  /** undefined: there is none. */
  readonly value: Value | undefined;
  /** Monotonic milliseconds. */
  readonly loadedAtMs: number;
}

interface Entry<Value> extends Loaded<Value> {
  /** How often everything had expired when its load began. */
  readonly generation: number;
}
