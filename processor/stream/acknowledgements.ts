import { GroupCommit } from "../../mesh/group-commit.ts";
import type { Log } from "../../mesh/log.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { Acknowledged } from "../authorization/acknowledge-statement.ts";
import type { PaymentStore } from "../authorization/payment-store.ts";

/** Relays wait long before they repeat one. */
const WRITE_EVERY_MS = 200;

/** Writes down in groups what relays have committed: from then on no order undoes it. */
export class Acknowledgements {
  readonly #group: GroupCommit<Acknowledged, boolean>;
  readonly #log: Log;

  constructor(store: PaymentStore, { clock, log }: Pick<Surroundings, "clock" | "log">) {
    this.#log = log;
    this.#group = new GroupCommit({
      flush: async (acknowledged) => {
        const known = await store.acknowledge(acknowledged);
        return acknowledged.map(({ paymentId }) => known.has(paymentId));
      },
      pace: { clock, everyMs: WRITE_EVERY_MS },
    });
  }

  /** @returns whether all of them are written, so that the relay need not repeat them. */
  async add(acknowledgements: readonly Acknowledged[]): Promise<boolean> {
    try {
      const known = await Promise.all(acknowledgements.map((one) => this.#group.add(one)));
      const lost = acknowledgements.filter((_, index) => known[index] === false);
      const [first] = lost;
      if (first !== undefined) {
        // The relay has told them, and this ledger has not got them: it was restored, most likely.
        const { merchantId, paymentId, relayId } = first;
        const fields = { merchantId, paymentId, peerInstance: relayId, count: lost.length };
        this.#log.error("a relay has results that this ledger lacks: cardlane reconcile", fields);
      }
      return true;
    } catch (error) {
      this.#log.failure("acknowledgements could not be written", error);
      return false;
    }
  }

  /** Resolves when all are written. */
  idle(): Promise<void> {
    return this.#group.idle();
  }
}
