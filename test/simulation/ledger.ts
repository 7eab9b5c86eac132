import type { FinalState, PaymentEnd, PostingEnd, RecordEnd } from "./final-state.ts";

/** States in which money has moved. */
export const CHARGED_STATES = ["APPROVED", "AUTHORIZED"];

/** What the databases say, by payment. */
export class Ledger {
  readonly end: FinalState;
  readonly payments: ReadonlyMap<string, PaymentEnd>;
  readonly records: ReadonlyMap<string, RecordEnd>;

  constructor(end: FinalState) {
    this.end = end;
    this.payments = new Map(end.payments.map((one) => [one.payment_id, one]));
    this.records = new Map(end.records.map((one) => [one.payment_id, one]));
  }

  /** What moved for it, over all postings. */
  netOf(paymentId: string): bigint {
    return this.postings(paymentId).reduce(
      (net, { kind, amount_minor: amount }) => (kind === "REVERSAL" ? net - amount : net + amount),
      0n,
    );
  }

  postings(paymentId: string): readonly PostingEnd[] {
    return this.end.postings.filter(({ payment_id: id }) => id === paymentId);
  }
}
