import type { Log, LogFields } from "../log.ts";

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

  /** Whether it failed last time. */
  get isOn(): boolean {
    return this.#isOn;
  }

  failed(error: unknown, fields?: LogFields): void {
    if (!this.#isOn) this.#log.failure(this.#messages.begins, error, fields);
    this.#isOn = true;
  }

  succeeded(fields?: LogFields): void {
    if (this.#isOn) this.#log.info(this.#messages.ends, fields);
    this.#isOn = false;
  }
}
