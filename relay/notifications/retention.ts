import type { Clock } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import type { RetentionStore } from "./retention-store.ts";

const LOOK_MS = 3_600_000;

/** Removes once an hour what is older than `keepDays`, in small steps. Any number may run. */
export class Retention implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #removing: Promise<void>;

  constructor(store: RetentionStore, keepDays: number, clock: Clock, log: Log) {
    this.#removing = this.#run(store, keepDays, clock, log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#removing;
  }

  async #run(store: RetentionStore, keepDays: number, clock: Clock, log: Log): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        while (!signal.aborted && (await store.removeOlderThan(keepDays)));
      } catch (error) {
        log.failure("old notifications and events could not be removed", error);
      }
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }
}
