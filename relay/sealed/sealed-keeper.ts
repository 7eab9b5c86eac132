import type { Timer } from "../../mesh/clock.ts";
import { Outage } from "../../mesh/retry/outage.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { SealedStore } from "./sealed-store.ts";

/** How often the relay forgets what is over. */
const FORGET_MS = 10_000;

/** Sees to it that sealed data goes: keys are forgotten, and tables emptied. */
export class SealedKeeper implements AsyncDisposable {
  readonly #store: SealedStore;
  readonly #clock: Surroundings["clock"];
  readonly #outage: Outage;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(store: SealedStore, { clock, log }: Pick<Surroundings, "clock" | "log">) {
    this.#store = store;
    this.#clock = clock;
    this.#outage = new Outage(log, {
      begins: "sealed data of payments that are over cannot be removed",
      ends: "sealed data is removed again",
    });
  }

  start(): void {
    this.#timer = this.#clock.timer(FORGET_MS, () => {
      this.#running = this.#forget().then(() => {
        if (!this.#isStopped) this.start();
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  async #forget(): Promise<void> {
    try {
      await this.#store.forget();
      this.#outage.succeeded();
    } catch (error) {
      this.#outage.failed(error);
    }
  }
}
