import type { Clock } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import { Outage } from "../../mesh/retry/outage.ts";
import type { EventStore } from "../records/event-store.ts";
import { LogHold } from "../records/log-hold.ts";
import type { WebhookStore } from "./webhook-store.ts";

/** How often the log is looked at for webhooks; nothing of this is on the way of a payment. */
const LOOK_MS = 500;

/** A transaction elsewhere that holds back the log for so long is told. */
const HELD_BACK_MS = 10_000;

type EventLog = Pick<WebhookStore, "running" | "takeOver">;

/** Takes events over from the log to the deliveries of each webhook. Any number may run at once. */
export class EventPump implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #hold: LogHold;
  readonly #pumping: Promise<void>;

  constructor(store: EventLog, events: Pick<EventStore, "end">, clock: Clock, log: Log) {
    this.#hold = new LogHold(clock);
    this.#pumping = this.#pump(store, events, clock, log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#pumping;
  }

  async #pump(
    store: EventLog,
    events: Pick<EventStore, "end">,
    clock: Clock,
    log: Log,
  ): Promise<void> {
    const { signal } = this.#stopping;
    const held = new Outage(log, {
      begins: "a transaction in the database's cluster holds back all changes",
      ends: "no transaction holds back changes any more",
    });
    const outage = new Outage(log, {
      begins: "events cannot be taken over for webhooks",
      ends: "events are taken over for webhooks again",
    });
    while (!signal.aborted) {
      try {
        this.#hold.look(await events.end());
        if (this.#hold.heldBackMs < HELD_BACK_MS) held.succeeded();
        else held.failed(undefined, { durationMs: Math.round(this.#hold.heldBackMs) });
        for (const id of await store.running()) {
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
