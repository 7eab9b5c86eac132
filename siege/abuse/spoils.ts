/** What an attacker has got of what others want as well, as it may be sent to another process. */
export interface SpoilsSent {
  /** How often each answer came: `{ OK: 5, RESOURCE_EXHAUSTED: 900 }`. */
  readonly answers: Readonly<Record<string, number>>;
  /** Receipts that were accepted. */
  readonly receipts: readonly AcceptedReceipt[];
  /** Numbers that cost more than others, and were asked for. */
  readonly costlyAsked: number;
  /** Watches that were open together, at most. */
  readonly watches: number;
}

export interface AcceptedReceipt {
  readonly recordNumber: string;
  /** A telephone number or a mailbox. */
  readonly address: string;
  readonly isCostly: boolean;
}

/** Counts what comes to one attacker. */
export class Spoils {
  readonly #answers = new Map<string, number>();
  readonly #receipts: AcceptedReceipt[] = [];
  costlyAsked = 0;
  #watches = 0;
  #watchesMost = 0;

  answer(status: string): void {
    this.#answers.set(status, (this.#answers.get(status) ?? 0) + 1);
  }

  receipt(accepted: AcceptedReceipt): void {
    this.#receipts.push(accepted);
  }

  /** @returns to be disposed when the watch is over. */
  watch(): Disposable {
    this.#watches += 1;
    this.#watchesMost = Math.max(this.#watchesMost, this.#watches);
    return {
      [Symbol.dispose]: () => {
        this.#watches -= 1;
      },
    };
  }

  get sent(): SpoilsSent {
    return {
      answers: Object.fromEntries(this.#answers),
      receipts: this.#receipts,
      costlyAsked: this.costlyAsked,
      watches: this.#watchesMost,
    };
  }
}
