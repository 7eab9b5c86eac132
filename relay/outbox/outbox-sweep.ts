import type { Clock } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import { Outage } from "../../mesh/retry/outage.ts";
import type { OutboxStore } from "./outbox-store.ts";

const SWEEP_MS = 60_000;

/** Looks once a minute whether something waits that no job will send. Any number may run. */
export class OutboxSweep implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #sweeping: Promise<void>;

  constructor(store: Pick<OutboxStore, "requeueForgotten">, clock: Clock, log: Log) {
    this.#sweeping = this.#run(store, clock, log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#sweeping;
  }

  async #run(store: Pick<OutboxStore, "requeueForgotten">, clock: Clock, log: Log): Promise<void> {
    const { signal } = this.#stopping;
    const outage = new Outage(log, {
      begins: "what waits without a job cannot be looked for",
      ends: "what waits without a job is looked for again",
    });
    while (!signal.aborted) {
      await store.requeueForgotten().then(
        () => outage.succeeded(),
        (error: unknown) => outage.failed(error),
      );
      await clock.sleep(SWEEP_MS, signal).catch(() => undefined);
    }
  }
}
