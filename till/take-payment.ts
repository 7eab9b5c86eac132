import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { PaymentKind } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { type CardRead, ReaderEventKind } from "../gen/cardlane/reader/v1/reader_pb.ts";
import {
  type ConfirmPaymentSchema,
  type PaymentReport,
  type PayRequest,
  PayRequestSchema,
  type PayResponse,
} from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Clock } from "../mesh/clock.ts";
import { paymentErrorFrom } from "../mesh/errors-to-wire.ts";
import type { FrameStream, StreamEnd } from "../mesh/stream/frame-stream.ts";
import { isSilentLine, Silence, silentLine } from "../mesh/stream/silence.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import type { CurrencyCode } from "../payment/money.ts";
import { isInterruption, outcomeOf, PaymentCut, TillError } from "./outcome.ts";

/** What is to be paid. */
export interface Order {
  readonly kind: PaymentKind;
  /** Minor units; 0 for a balance enquiry alone. */
  readonly amountMinor: bigint;
  readonly currency: CurrencyCode;
  /** Text UUID of the till's own; undefined: the terminal makes one. */
  readonly paymentId?: string | undefined;
  /** Text UUID of the payment that was declined and is tried again. */
  readonly previousPaymentId?: string | undefined;
  /** Whether less than the amount will do. */
  readonly acceptPartial?: boolean;
}

/** The people at the till: whoever holds the card and whoever takes the money. */
export interface People {
  /** Something happened; called for every event, before the person acts on it. */
  see(event: PayResponse["event"]): void;
  /** The reader waits for a card. @param isChipWanted it takes an inserted chip alone. */
  presentCard(isChipWanted: boolean): Promise<void>;
  /** A card was read. @param over nobody waits any more. @returns how to go on, or to cancel. */
  confirm(card: CardRead, over: AbortSignal): Promise<Confirmation | undefined>;
  /** The reader waits for a PIN on its own keys. @param over nobody waits any more. */
  typePin(over: AbortSignal): Promise<void>;
}

/** What taking a payment needs. */
interface Taking extends Pick<Surroundings, "clock"> {
  readonly stream: TillStream;
  readonly order: Order;
  readonly people: People;
  /** Aborted when the people at the till give up. */
  readonly interrupted: AbortSignal;
}

export type Confirmation = MessageInitShape<typeof ConfirmPaymentSchema>;

type TillStream = FrameStream<PayRequest, PayResponse>;

/**
 * One payment from the till's side, from the first request to the last report.
 *
 * @param interrupted cancels while nothing was submitted; afterwards the outcome is waited for.
 * @throws ConnectError as the terminal sent it (`isTakenOver` when another till goes on with the
 *   payment), PaymentCut when it just went away or fell silent,
 *   TillError INTERRUPTED before anything was begun, and whatever `people` throw but an
 *   interruption, once it is sure that nothing was charged.
 */
export function takePayment(options: Taking): Promise<PaymentReport> {
  const { stream, interrupted } = options;
  if (interrupted.aborted) {
    stream.end(new ConnectError("interrupted", Code.Canceled));
    const message = "interrupted before the payment began: nothing was charged";
    return Promise.reject(new TillError("INTERRUPTED", message));
  }
  const payment = new TillPayment(stream, options.people, options.clock);
  payment.start(options.order);
  const cancel = () => payment.cancel();
  interrupted.addEventListener("abort", cancel);
  return payment.report.finally(() => interrupted.removeEventListener("abort", cancel));
}

/** Whether another till with the same payment id goes on: asking again would take it back. */
export function isTakenOver(error: unknown): boolean {
  return error instanceof ConnectError && paymentErrorFrom(error)?.code === "TAKEN_OVER";
}

class TillPayment {
  readonly #stream: TillStream;
  readonly #people: People;
  readonly #silence: Silence;
  readonly #report = Promise.withResolvers<PaymentReport>();
  readonly #over = new AbortController();
  #paymentId: string | undefined;
  #isStarted = false;
  #isCardPresented = false;
  #isSubmitted = false;
  #isCancelled = false;
  /** Whether this terminal says that it is there; those of earlier versions do not. */
  #hasSignsOfLife = false;
  /** What a person's hand failed at; told when the terminal has confirmed that nothing happened. */
  #failure: { readonly error: unknown } | undefined;

  constructor(stream: TillStream, people: People, clock: Clock) {
    this.#stream = stream;
    this.#people = people;
    this.#silence = new Silence(clock, (silentMs) => stream.end(silentLine(silentMs)));
    stream.onFrame(({ event }) => this.#receive(event));
    stream.onEnd((end) => {
      this.#silence.stop();
      // Taken back before the end is told: a question that still stood would take the next key.
      this.#over.abort();
      const error = this.#errorOf(end);
      // That a hand failed is no matter as long as nobody knows what became of the payment.
      const isCut = error instanceof PaymentCut;
      this.#report.reject(isCut ? error : (this.#failure?.error ?? error));
    });
  }

  get report(): Promise<PaymentReport> {
    return this.#report.promise;
  }

  start(order: Order): void {
    const { kind, amountMinor, currency, acceptPartial = false } = order;
    const { paymentId = "", previousPaymentId = "" } = order;
    const amounts = { totalMinor: amountMinor };
    const value = { paymentId, kind, amounts, currency, previousPaymentId, acceptPartial };
    this.#paymentId = order.paymentId;
    this.#send({ case: "start", value });
    this.#silence.start();
  }

  cancel(): void {
    if (this.#isSubmitted || this.#isCancelled || this.#over.signal.aborted) return;
    this.#isCancelled = true;
    this.#send({ case: "cancel", value: {} });
  }

  #receive(event: PayResponse["event"]): void {
    this.#listen(event);
    this.#people.see(event);
    switch (event.case) {
      case "started":
        this.#isStarted = true;
        this.#paymentId = event.value.paymentId;
        break;
      case "readerEvent":
        this.#follow(event.value.kind);
        break;
      case "confirmationNeeded":
        this.#act(() => this.#confirm(event.value));
        break;
      case "submitted":
        this.#isSubmitted = true;
        break;
      case "finished":
        this.#finish(event.value);
        break;
    }
  }

  /** A terminal that says nothing of itself may be silent for as long as a person thinks. */
  #listen(event: PayResponse["event"]): void {
    if (event.case === "signOfLife") {
      this.#hasSignsOfLife = true;
      this.#silence.start(event.value.intervalMs || undefined);
    } else if (this.#hasSignsOfLife) this.#silence.heard();
    else this.#silence.stop();
  }

  /** After a wrong PIN the card may still be in the reader: then no prompt asks for it. */
  #follow(prompt: ReaderEventKind): void {
    switch (prompt) {
      case ReaderEventKind.PROMPT_PRESENT_CARD:
      case ReaderEventKind.PROMPT_INSERT_CARD:
        this.#presentOnce(prompt === ReaderEventKind.PROMPT_INSERT_CARD);
        break;
      case ReaderEventKind.PIN_ENTRY_STARTED:
        this.#act(() => this.#people.typePin(this.#over.signal));
        break;
    }
  }

  /** A card that the reader did not accept is prompted for again, and would be no better then. */
  #presentOnce(isChipWanted: boolean): void {
    if (this.#isCardPresented) return;
    this.#isCardPresented = true;
    this.#act(() => this.#people.presentCard(isChipWanted));
  }

  async #confirm(card: CardRead): Promise<void> {
    const confirmation = await this.#people.confirm(card, this.#over.signal);
    // Who pressed Ctrl-C while the question stood has not agreed.
    if (confirmation === undefined) this.cancel();
    else if (!this.#isCancelled) this.#send({ case: "confirm", value: confirmation });
  }

  /** A payment that was charged all the same, or may have been, is told before any failure. */
  #finish(report: PaymentReport): void {
    this.#over.abort();
    const isWithoutCharge = outcomeOf(report) === "not charged";
    if (this.#failure !== undefined && isWithoutCharge) this.#report.reject(this.#failure.error);
    else this.#report.resolve(report);
    this.#stream.end();
  }

  /** People fail, too: then the payment is cancelled. Who pressed Ctrl-C at a question did not. */
  #act(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!isInterruption(error)) this.#failure ??= { error };
      this.cancel();
    });
  }

  #send(step: NonNullable<MessageInitShape<typeof PayRequestSchema>["step"]>): void {
    this.#stream.send(create(PayRequestSchema, { step }));
  }

  /** Without an id there is nothing to ask for: nothing was confirmed, so nothing is charged. */
  #errorOf({ error }: StreamEnd): Error {
    if (error !== undefined && isTakenOver(error)) return error;
    const paymentId = this.#paymentId;
    const mayHaveBegun = this.#isStarted || isSilentLine(error);
    if (paymentId !== undefined && mayHaveBegun) return new PaymentCut(paymentId);
    return error ?? new TillError("STREAM_CUT", "the terminal went away before the payment");
  }
}
