import type { PaymentReport } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { PaymentId } from "../../payment/identifiers.ts";
import type { JournalEntry } from "../journal/journal.ts";
import type { Till } from "../till/till.ts";
import type { TillSeat } from "../till/till-seat.ts";

interface Taken {
  readonly entry: JournalEntry;
  readonly seat: TillSeat | undefined;
}

/** Payments between the journal's first word of them and their signed bytes. */
export class TakenPayments {
  readonly #taken = new Map<PaymentId, Taken>();

  /** The journal may still be storing it. */
  find(paymentId: PaymentId): JournalEntry | undefined {
    return this.#taken.get(paymentId)?.entry;
  }

  /**
   * To be called before the entry is stored; until disposal.
   *
   * @param seat where its till sits; undefined when the reader does not hear of it.
   */
  begin(entry: JournalEntry, seat?: TillSeat): Disposable {
    const { paymentId } = entry;
    this.#taken.set(paymentId, { entry, seat });
    return { [Symbol.dispose]: () => void this.#taken.delete(paymentId) };
  }

  /**
   * Lets a till go on with a payment that is being taken.
   *
   * @returns undefined when it is not. @throws PaymentError READER_BUSY, of which nothing is final,
   *   or as `TillSeat.takeOver`.
   */
  takeSeat(paymentId: PaymentId, till: Till): Promise<PaymentReport> | undefined {
    const taken = this.#taken.get(paymentId);
    if (taken === undefined) return undefined;
    if (taken.seat === undefined) {
      const facts = { openPaymentId: paymentId };
      throw new PaymentError("READER_BUSY", "this payment is being refused", facts);
    }
    return taken.seat.takeOver(till);
  }
}
