import type { FinalState, PaymentEnd, PostingEnd, RecordEnd } from "./final-state.ts";

/** States in which money has moved. */
export const CHARGED_STATES = ["APPROVED", "AUTHORIZED"];

/** What the databases say, by payment. */
export class Ledger {
  readonly end: FinalState;
  readonly payments: ReadonlyMap<string, PaymentEnd>;
  /** Of all relays. */
  readonly records: readonly RecordEnd[];
  readonly #recordsByNumber: ReadonlyMap<string, RecordEnd>;

  constructor(end: FinalState) {
    this.end = end;
    this.payments = new Map(end.payments.map((one) => [one.payment_id, one]));
    this.records = [...end.records, ...end.recordsElsewhere];
    this.#recordsByNumber = new Map(this.records.map((one) => [one.record_number, one]));
  }

  readonly recordOf = (recordNumber: string): RecordEnd | undefined =>
    this.#recordsByNumber.get(recordNumber);

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
