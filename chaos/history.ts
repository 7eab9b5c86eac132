import type { SignedPayment, SignedResult } from "../gen/cardlane/payment/v1/payment_pb.ts";
import type { ShownOutcome } from "../gen/cardlane/reader/v1/reader_pb.ts";
import type { StateName } from "../payment/states.ts";
import type { PaymentPlan } from "./payment-plan.ts";

/** One payment as the client saw it that asked for it. */
export interface TriedPayment {
  /** "terminal" for the real one, "LOAD0001" for those that only submit. */
  readonly client: string;
  readonly paymentId: string;
  readonly merchantId: string;
  readonly plan: PaymentPlan;
  readonly startedAtMs: number;
  /** What the reader signed, where the client has it. */
  readonly signed?: SignedPayment;
  /** Whether it was once not known what became of it. */
  wasUnknown: boolean;
  /** Whether it was submitted to a relay with another id as well, after it had ended. */
  wasSentElsewhere: boolean;
  /** Record numbers by which a relay acknowledged it. */
  readonly recorded: Set<string>;
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
  /** DE 39; empty without an answer. */
  readonly responseCode: string;
  /** The signed answer; absent for what was never taken. */
  readonly signed?: SignedResult;
  /** What the report says that the reader shows; absent where no reader took part. */
  readonly shown?: ShownOutcome;
  /** What the reader itself showed a moment later, when it took part and could be asked. */
  readonly display?: SeenDisplay;
}

/** A reader's display, as who stands before it sees it. */
export interface SeenDisplay {
  readonly shown: ShownOutcome;
  readonly lines: readonly string[];
}

/** "NOT TAKEN": nothing was charged, and nothing was signed to say so. */
export type ToldOutcome =
  | Extract<StateName, "APPROVED" | "AUTHORIZED" | "DECLINED" | "REVERSED" | "VOIDED">
  | "NOT TAKEN";

/** Everything that clients asked for and were told. */
export class History {
  readonly payments: TriedPayment[] = [];

  add(
    payment: Omit<TriedPayment, "wasUnknown" | "wasSentElsewhere" | "recorded" | "told">,
  ): TriedPayment {
    const said = { recorded: new Set<string>(), told: [] };
    const tried = { ...payment, wasUnknown: false, wasSentElsewhere: false, ...said };
    this.payments.push(tried);
    return tried;
  }
}
