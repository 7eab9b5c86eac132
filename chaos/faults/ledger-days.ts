import { settlementDateOf } from "../../processor/payments/payment-row.ts";

/**
 * How often each day has begun by the ledger's clock. Where that clock is put to another day and
 * back, the day begins again, and so do its limits (docs/decisions/0014-whose-clock-decides.md).
 */
export class LedgerDays {
  readonly #begun = new Map<number, number>();
  #last: number | undefined;

  /** @param ledgerMs what the ledger's clock says now: told before and after it is put anywhere. */
  at(ledgerMs: number): void {
    const day = settlementDateOf(ledgerMs);
    if (day === this.#last) return;
    this.#last = day;
    this.#begun.set(day, this.timesBegun(day) + 1);
  }

  /** @param day as YYYYMMDD. */
  timesBegun(day: number): number {
    return this.#begun.get(day) ?? 0;
  }
}
