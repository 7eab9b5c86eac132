import type { Clock } from "../mesh/clock.ts";
import type { Databases } from "./databases.ts";

/** When a payment was seen, in milliseconds of the run's own monotonic clock. */
export interface Sighting {
  /** Its record was there by then. */
  readonly recordedByMs?: number;
  /** Nothing was posted for it yet at that time, when its record was there. */
  readonly unpostedAtMs?: number;
}

const LOOK_MS = 1_000;

/** Looks into both databases again and again: the only times that no wrong clock has a part in. */
export class Sightings {
  readonly #databases: Databases;
  readonly #clock: Clock;
  readonly #seen = new Map<string, Sighting>();
  /** Those of which nothing more is to be learnt. */
  readonly #posted = new Set<string>();

  constructor(databases: Databases, clock: Clock) {
    this.#databases = databases;
    this.#clock = clock;
  }

  get byPayment(): ReadonlyMap<string, Sighting> {
    return this.#seen;
  }

  async run(stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      // PostgreSQL may be down; then nothing is posted, either.
      await this.#look().catch(() => undefined);
      await this.#clock.sleep(LOOK_MS, stopping).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const recorded = await this.#idsOf("relay", "SELECT payment_id FROM record");
    const recordedByMs = this.#clock.monotonicMs();
    const askedAtMs = this.#clock.monotonicMs();
    const posted = await this.#idsOf("processor", "SELECT payment_id FROM processor.posting");
    for (const id of posted) this.#posted.add(id);
    for (const id of recorded) {
      if (this.#posted.has(id)) continue;
      const first = this.#seen.get(id)?.recordedByMs ?? recordedByMs;
      this.#seen.set(id, { recordedByMs: first, unpostedAtMs: askedAtMs });
    }
  }

  async #idsOf(database: "relay" | "processor", text: string): Promise<readonly string[]> {
    const rows = await this.#databases.query<{ payment_id: string }>(database, text);
    return rows.map(({ payment_id }) => payment_id);
  }
}
