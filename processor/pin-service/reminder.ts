import type { Log } from "../../mesh/log.ts";
import type { PinStore } from "./pin-store.ts";
import type { TryJournal } from "./try-journal.ts";

interface ReminderParts {
  readonly store: Pick<PinStore, "recall">;
  readonly journal: Pick<TryJournal, "all">;
  readonly log: Log;
}

/**
 * Tells the database what it may have forgotten whenever a connection to it is new: it may have
 * been restored. With several PIN services the locks of all come together there.
 */
export class Reminder {
  readonly #parts: ReminderParts;
  #running: Promise<void> | undefined;
  #isDueAgain = false;

  constructor(parts: ReminderParts) {
    this.#parts = parts;
  }

  /** One at a time; what connects meanwhile leads to one more. Never throws. */
  remind(): Promise<void> {
    if (this.#running !== undefined) {
      this.#isDueAgain = true;
      return this.#running;
    }
    this.#running = this.#remind().finally(() => {
      this.#running = undefined;
      if (this.#isDueAgain) void this.remind();
    });
    return this.#running;
  }

  async #remind(): Promise<void> {
    const { store, journal, log } = this.#parts;
    this.#isDueAgain = false;
    try {
      await store.recall(journal.all());
    } catch (error) {
      // The next connection brings it again; a card that is tried meanwhile has its own with it.
      log.failure("the database could not be reminded of used PIN tries", error);
    }
  }
}
