import { create } from "@bufbuild/protobuf";
import {
  type Acknowledgement,
  AcknowledgementSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import type { CommittedResult } from "./acknowledgement-store.ts";

/** Beyond that many results the log remembers them alone. */
const RESULTS_MAX = 20_000;

/** An outcome that is being committed, or a result that the processor has not confirmed. Grows. */
export type Ticket = number;

/** An outcome that is in the database for good. Without a result nothing is acknowledged. */
export interface Committed {
  readonly ticket: Ticket;
  readonly result: CommittedResult | undefined;
}

/** What is on its way to be committed here and acknowledged there. */
export class PendingResults {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** In the order of tickets, with the time since when each waits. */
  readonly #pending = new Map<Ticket, number>();
  readonly #tickets = new Map<Acknowledgement, Ticket>();
  #lastTicket: Ticket = 0;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  get lastTicket(): Ticket {
    return this.#lastTicket;
  }

  get count(): number {
    return this.#pending.size;
  }

  expect(): Ticket {
    this.#lastTicket += 1;
    this.#pending.set(this.#lastTicket, this.#clock.monotonicMs());
    return this.#lastTicket;
  }

  /** @returns what to acknowledge. */
  committed(committed: readonly Committed[]): readonly Acknowledgement[] {
    return committed.flatMap(({ ticket, result }) => {
      if (result === undefined) {
        this.#pending.delete(ticket);
        return [];
      }
      const { merchantId, paymentId, revision } = result;
      const one = { merchantId, paymentId: paymentIdToBytes(paymentId), revision };
      const acknowledgement = create(AcknowledgementSchema, one);
      this.#tickets.set(acknowledgement, ticket);
      return [acknowledgement];
    });
  }

  confirmed(acknowledgements: readonly Acknowledgement[]): void {
    for (const one of acknowledgements) {
      const ticket = this.#tickets.get(one);
      this.#tickets.delete(one);
      if (ticket !== undefined) this.#pending.delete(ticket);
    }
  }

  /** Whether nothing up to this ticket is on its way any more. */
  isDone(ticket: Ticket): boolean {
    const [oldest] = this.#pending.keys();
    return oldest === undefined || oldest > ticket;
  }

  /** Monotonic milliseconds since when the oldest waits; undefined when none does. */
  get waitingSinceMs(): number | undefined {
    const [sinceMs] = this.#pending.values();
    return sinceMs;
  }

  /** Of a processor that confirms nothing. @returns whether any had to be forgotten. */
  forgetBeyond(): boolean {
    if (this.#tickets.size <= RESULTS_MAX) return false;
    for (const acknowledgement of [...this.#tickets.keys()].slice(0, RESULTS_MAX / 2)) {
      this.confirmed([acknowledgement]);
    }
    return true;
  }
}
