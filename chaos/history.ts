import type { SignedPayment, SignedResult } from "../gen/cardlane/payment/v1/payment_pb.ts";
import type { StateName } from "../payment/states.ts";

/** One payment as the client saw it that asked for it. */
export interface TriedPayment {
  /** "terminal" for the real one, "LOAD0001" for those that only submit. */
  readonly client: string;
  readonly paymentId: string;
  readonly merchantId: string;
  readonly totalMinor: bigint;
  readonly startedAtMs: number;
  /** What the reader signed, where the client has it. */
  readonly signed?: SignedPayment;
  /** Whether it was once not known what became of it. */
  wasUnknown: boolean;
  /** Every final word that the client got, in order. They have to agree. */
  readonly told: Told[];
}

/** What a client was told to be the end of a payment. */
export interface Told {
  readonly atMs: number;
  readonly outcome: ToldOutcome;
  /** Empty when there is no record that the client knows of. */
  readonly recordNumber: string;
  readonly approvedMinor: bigint;
  /** The signed answer; absent for what was never taken. */
  readonly signed?: SignedResult;
}

/** "NOT TAKEN": nothing was charged, and nothing was signed to say so. */
export type ToldOutcome =
  | Extract<StateName, "APPROVED" | "AUTHORIZED" | "DECLINED" | "REVERSED" | "VOIDED">
  | "NOT TAKEN";

/** Everything that clients asked for and were told. */
export class History {
  readonly payments: TriedPayment[] = [];

  add(payment: Omit<TriedPayment, "wasUnknown" | "told">): TriedPayment {
    const tried = { ...payment, wasUnknown: false, told: [] };
    this.payments.push(tried);
    return tried;
  }

  get open(): readonly TriedPayment[] {
    return this.payments.filter(({ told }) => told.length === 0);
  }
}
