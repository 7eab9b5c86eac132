import { create } from "@bufbuild/protobuf";
import type { CardRead } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import {
  type PaymentReport,
  PaymentStartedSchema,
} from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { PayEvent, PinSource, Till } from "./till.ts";

/** What the payment waits for a till to confirm. */
interface Asked {
  readonly card: CardRead;
  readonly signal: AbortSignal;
  readonly answer: PromiseWithResolvers<PinSource>;
}

/**
 * The till's place at a payment that is being taken. The payment sees one till. Another one with
 * the same payment id may take the place: a line that is dead shows in no other way, and its till
 * comes back over a new one. Whoever sat here before is heard no more.
 */
export class TillSeat implements Till {
  readonly #cancel = new AbortController();
  readonly #cancelBySitter = () => this.#cancel.abort();
  readonly #onlyListened = () => this.#stopIfUnconfirmed();
  readonly #report: Promise<PaymentReport>;
  #till: Till;
  #sendAway: (reason: PaymentError) => void = () => undefined;
  /** Events that say where the payment stands: it began, the reader is ready, what it did last. */
  readonly #standing = new Map<"started" | "prepared" | "readerEvent", PayEvent>();
  #asked: Asked | undefined;
  /** By any till that sat here: the holder may be at the reader's keys since. */
  #hasConfirmed = false;

  private constructor(till: Till, run: (seat: TillSeat) => Promise<PaymentReport>) {
    this.#till = till;
    this.#report = run(this);
  }

  /** @param run the payment, which has this seat for its till. @throws what `takeOver` throws. */
  static begin(
    till: Till,
    run: (seat: TillSeat) => Promise<PaymentReport>,
  ): Promise<PaymentReport> {
    return new TillSeat(till, run).#sit(till);
  }

  /**
   * Tells another till where the payment stands, and lets it go on.
   *
   * @throws PaymentError TAKEN_OVER when yet another till takes the place.
   */
  takeOver(till: Till): Promise<PaymentReport> {
    this.#till.cancelled.removeEventListener("abort", this.#cancelBySitter);
    this.#till.onlyListens?.removeEventListener("abort", this.#onlyListened);
    const message = "another till goes on with this payment: ask what became of it with its id";
    this.#sendAway(new PaymentError("TAKEN_OVER", message));
    const report = this.#sit(till);
    for (const event of this.#standing.values()) till.onEvent(asResumed(event));
    if (this.#asked !== undefined) {
      till.onEvent({ case: "confirmationNeeded", value: this.#asked.card });
      this.#ask(this.#asked);
    }
    return report;
  }

  get cancelled(): AbortSignal {
    return this.#cancel.signal;
  }

  onEvent(event: PayEvent): void {
    switch (event.case) {
      case "started":
      case "prepared":
      case "readerEvent":
        this.#standing.set(event.case, event);
        break;
      case "confirmationNeeded":
        // The card was read: whatever the reader asked for before is done.
        this.#standing.delete("readerEvent");
        break;
    }
    this.#till.onEvent(event);
  }

  confirm(card: CardRead, signal: AbortSignal): Promise<PinSource> {
    const asked = { card, signal, answer: Promise.withResolvers<PinSource>() };
    this.#asked = asked;
    signal.addEventListener("abort", () => this.#answered(asked), { once: true });
    this.#ask(asked);
    return asked.answer.promise;
  }

  #sit(till: Till): Promise<PaymentReport> {
    const { promise: away, reject } = Promise.withResolvers<never>();
    this.#till = till;
    this.#sendAway = reject;
    till.cancelled.addEventListener("abort", this.#cancelBySitter, { once: true });
    till.onlyListens?.addEventListener("abort", this.#onlyListened, { once: true });
    if (till.cancelled.aborted) this.#cancel.abort();
    if (till.onlyListens?.aborted) this.#stopIfUnconfirmed();
    return Promise.race([this.#report, away]);
  }

  #ask(asked: Asked): void {
    const till = this.#till;
    const { answer } = asked;
    const ifSeated = (act: () => void) => {
      if (this.#till !== till) return;
      this.#answered(asked);
      act();
    };
    confirmBy(till, asked).then(
      (source) =>
        ifSeated(() => {
          this.#hasConfirmed = true;
          answer.resolve(source);
        }),
      (error) => ifSeated(() => answer.reject(error)),
    );
    if (till.onlyListens?.aborted) this.#stopIfUnconfirmed();
  }

  /** Whoever sits here confirms nothing any more. */
  #stopIfUnconfirmed(): void {
    if (this.#asked !== undefined || !this.#hasConfirmed) this.#cancel.abort();
  }

  #answered(asked: Asked): void {
    if (this.#asked === asked) this.#asked = undefined;
  }
}

/** A till that throws at once has refused like one that rejects. */
async function confirmBy(till: Till, { card, signal }: Asked): Promise<PinSource> {
  return await till.confirm(card, signal);
}

function asResumed(event: PayEvent): PayEvent {
  if (event.case !== "started") return event;
  const { paymentId, readerSerial } = event.value;
  const value = create(PaymentStartedSchema, { paymentId, readerSerial, resumed: true });
  return { case: "started", value };
}
