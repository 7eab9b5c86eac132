import type { Log } from "./log.ts";

/** How an outage is told. */
interface OutageMessages {
  readonly begins: string;
  readonly ends: string;
}

/** Tells once that something fails which is tried again and again, and once that it works again. */
export class Outage {
  readonly #log: Log;
  readonly #messages: OutageMessages;
  #isOn = false;

  constructor(log: Log, messages: OutageMessages) {
    this.#log = log;
    this.#messages = messages;
  }

  failed(error: unknown): void {
    if (!this.#isOn) this.#log.failure(this.#messages.begins, error);
    this.#isOn = true;
  }

  succeeded(): void {
    if (this.#isOn) this.#log.info(this.#messages.ends);
    this.#isOn = false;
  }
}
