import { GroupCommit } from "../../mesh/group-commit.ts";
import type { Log } from "../../mesh/log.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { Acknowledged } from "../authorization/acknowledge-statement.ts";
import type { PaymentStore } from "../authorization/payment-store.ts";

/** Nobody waits for them. */
const WRITE_EVERY_MS = 200;

/**
 * Writes down what relays have committed, in groups and without an answer. One that is lost costs
 * nothing: the relay knows itself that it may not reverse, and this is only the second lock.
 */
export class Acknowledgements {
  readonly #group: GroupCommit<Acknowledged, undefined>;
  readonly #log: Log;

  constructor(store: PaymentStore, { clock, log }: Pick<Surroundings, "clock" | "log">) {
    this.#log = log;
    this.#group = new GroupCommit({
      flush: async (acknowledged) => {
        await store.acknowledge(acknowledged);
        return acknowledged.map(() => undefined);
      },
      pace: { clock, everyMs: WRITE_EVERY_MS },
    });
  }

  add(acknowledged: Acknowledged): void {
    this.#group.add(acknowledged).catch((error: unknown) => {
      this.#log.failure("an acknowledgement could not be written", error);
    });
  }

  /** Resolves when all are written. */
  idle(): Promise<void> {
    return this.#group.idle();
  }
}
