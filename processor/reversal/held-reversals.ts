import type { Surroundings } from "../../mesh/surroundings.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { PaymentKey } from "../../payment/identifiers.ts";
import type { Decision, WaitingOrders } from "../oversight/waiting-order.ts";
import type { ProcessorState } from "../payments/payment-row.ts";
import type { HeldReversalStore } from "./held-reversal-store.ts";
import type { ReversalDesk } from "./reversal-desk.ts";

interface HeldReversalsParts extends Pick<Surroundings, "clock" | "telemetry"> {
  readonly store: HeldReversalStore;
  readonly desk: Pick<ReversalDesk, "reverse">;
}

/** Orders to undo a payment that wait for an operator, and what becomes of them. */
export class HeldReversals {
  readonly #parts: HeldReversalsParts;

  constructor(parts: HeldReversalsParts) {
    this.#parts = parts;
  }

  list(limit: number): Promise<WaitingOrders> {
    return this.#parts.store.list(limit);
  }

  /**
   * Undoes the payment now, or lets its approval stand for good. Its relay hears of either when it
   * asks next. The first decision stands; a repeat finishes what a crash left behind.
   *
   * @returns the state of the payment.
   * @throws PaymentError PAYMENT_NOT_FOUND, OVERLOADED or STORE_NOT_REACHED.
   */
  async decide(key: PaymentKey, decision: Decision): Promise<Exclude<ProcessorState, "TOMBSTONE">> {
    const { store, desk, clock, telemetry } = this.#parts;
    const nowMs = clock.nowMs();
    const held = await (decision === "RELEASE"
      ? store.release(key, nowMs)
      : store.refuse(key, nowMs));
    if (held === undefined) throw noneHeld();
    if (held.state === "RELEASED") {
      const { paymentId } = key;
      const span = telemetry.spanOf(undefined, "processor.reverse", "server", { paymentId });
      try {
        await desk.reverse({ order: held.order, span });
      } finally {
        span.end();
      }
    }
    const state = await store.stateOf(key);
    if (state === undefined || state === "TOMBSTONE") throw noneHeld();
    return state;
  }
}

function noneHeld(): PaymentError {
  return new PaymentError("PAYMENT_NOT_FOUND", "no order to undo this payment was held", {
    field: "payment_id",
  });
}
