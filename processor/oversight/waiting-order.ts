import type { PaymentKey } from "../../payment/identifiers.ts";

/** An order to undo a payment that waits for an operator, with what it would undo. */
export interface WaitingOrder extends PaymentKey {
  readonly recordNumber: string;
  readonly relayId: string;
  /** As in the contract's HoldReason. */
  readonly reason: "RELAY_NOT_ACTIVE" | "LATE";
  /** In minor units. */
  readonly approvedAmountMinor: bigint;
  readonly currency: number;
  /** By the processor's clock, Unix milliseconds. */
  readonly orderedAtMs: bigint;
  readonly approvedAtMs: bigint;
}

export interface WaitingOrders {
  readonly page: readonly WaitingOrder[];
  /** Of all that wait, not of this page alone. */
  readonly total: bigint;
}

/** What an operator does with one. */
export type Decision = "RELEASE" | "REFUSE";
