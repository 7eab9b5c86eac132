import type { Clock } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import { Outage } from "../../mesh/retry/outage.ts";
import type { WebhookStore } from "./webhook-store.ts";

/** How often the log is looked at for webhooks; nothing of this is on the way of a payment. */
const LOOK_MS = 500;

type EventLog = Pick<WebhookStore, "list" | "takeOver">;

/** Takes events over from the log to the deliveries of each webhook. Any number may run at once. */
export class EventPump implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #pumping: Promise<void>;

  constructor(store: EventLog, clock: Clock, log: Log) {
    this.#pumping = this.#pump(store, clock, log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#pumping;
  }

  async #pump(store: EventLog, clock: Clock, log: Log): Promise<void> {
    const { signal } = this.#stopping;
    const outage = new Outage(log, {
      begins: "events cannot be taken over for webhooks",
      ends: "events are taken over for webhooks again",
    });
    while (!signal.aborted) {
      try {
        for (const { id } of await store.list()) {
          while (!signal.aborted && (await store.takeOver(id)));
        }
        outage.succeeded();
      } catch (error) {
        outage.failed(error);
      }
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }
}
