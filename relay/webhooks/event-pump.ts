import type { Clock } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import type { WebhookStore } from "./webhook-store.ts";

/** How often the log is looked at for webhooks; nothing of this is on the way of a payment. */
const LOOK_MS = 500;

/** Takes events over from the log to the deliveries of each webhook. Any number may run at once. */
export class EventPump implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #pumping: Promise<void>;

  constructor(store: WebhookStore, clock: Clock, log: Log) {
    this.#pumping = this.#pump(store, clock, log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#pumping;
  }

  async #pump(store: WebhookStore, clock: Clock, log: Log): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        for (const { id } of await store.list()) {
          while (!signal.aborted && (await store.takeOver(id)));
        }
      } catch (error) {
        log.failure("events could not be taken over for webhooks", error);
      }
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }
}
