import {
  Certainty,
  NextStep,
  PaymentState,
  type SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { Completed } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { Timer } from "../../mesh/clock.ts";
import type { Turns } from "../../mesh/limits/turns.ts";
import { BackOff } from "../../mesh/retry/back-off.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { errorOfFault, PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import type { MerchantId } from "../../payment/identifiers.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { isSigned, type JournalEntry, type SignedEntry } from "../journal/journal.ts";
import type { RelayLink } from "../relay/relay-link.ts";
import { type KnownSoFar, NOTHING_KNOWN } from "./payment-report.ts";
import { type OwnPayment, type ResultKeys, type Settled, settledBy } from "./processor-word.ts";
import { QuestionLine } from "./question-line.ts";

/** When to ask for a payment that no answer came for. */
const ASKING = { msMin: 5_000, msMax: 60_000, certainShare: 0.5 } as const;
/** Where nothing is submitted a cashier waits for a word that takes some milliseconds. */
const SOON_MS = 25;

interface SettlementOptions extends ResultKeys, Pick<Surroundings, "clock" | "log"> {
  readonly beginning: Beginning;
  readonly merchantId: MerchantId;
  readonly relay: RelayLink;
  /** From 0 up to 1. */
  readonly jitter: () => number;
  /** Waits for its turn among others as long as nobody waits for it; undefined: somebody does. */
  readonly turns?: Turns | undefined;
}

/** How the terminal comes to want to know what became of a payment. */
export type Beginning =
  /** The reader has signed it: its bytes are to be submitted. */
  | { readonly kind: "signed"; readonly entry: SignedEntry }
  /** It ended before its bytes were submitted, for this reason: it is to be made impossible. */
  | { readonly kind: "ended"; readonly entry: JournalEntry; readonly error: PaymentError }
  /** The journal has forgotten it, and the relay has not: this is what it said. */
  | { readonly kind: "remembered"; readonly entry: JournalEntry; readonly answer: RelayAnswer };

/** What a relay says of a payment, on the stream or when asked. */
export type RelayAnswer = Pick<
  Completed,
  "recordNumber" | "state" | "certainty" | "nextStep" | "result" | "fault"
>;

/** Ends without a charge. */
const NOT_CHARGED: readonly PaymentState[] = [PaymentState.DECLINED, PaymentState.REVERSED];

/**
 * Refusals that leave it open whose payment the id stands for, so that what is there under it is
 * looked at, and cancelled only where nothing is.
 */
const ASK_BEFORE_CANCELLING: readonly PaymentErrorCode[] = ["DUPLICATE_DIFFERS", "ALREADY_SIGNED"];

/**
 * Finds out what became of a payment, however long that takes: submits signed bytes, submits them
 * again on every new stream, asks for the record; and when they were refused or came too late, or
 * the payment ended before there were any, cancels it, so that it cannot happen any more. It ends
 * with a word that the processor signed, never with the relay's or the terminal's own: a relay that
 * lies could have passed on what it says it refused, and a terminal may have forgotten what it did.
 */
export class Settlement implements Disposable {
  /** Never rejects. */
  readonly settled: Promise<Settled>;
  readonly #options: SettlementOptions;
  readonly #own: OwnPayment;
  readonly #settle: (settled: Settled) => void;
  #submission: Disposable | undefined;
  #known = NOTHING_KNOWN;
  /** Why the payment shall not happen any more. */
  #refusal: PaymentError | undefined;
  #backOff: BackOff;
  /** After which the next question was planned. */
  #delayMs = 0;
  #askTimer: Timer | undefined;
  readonly #line: QuestionLine;
  #isOver = false;
  readonly #recordedHandlers = new Set<(recordNumber: string) => void>();

  constructor(options: SettlementOptions) {
    const { beginning, merchantId, jitter } = options;
    const { entry } = beginning;
    const { promise, resolve } = Promise.withResolvers<Settled>();
    this.#options = options;
    this.#backOff = new BackOff({ ...ASKING, jitter });
    this.#line = new QuestionLine(options.turns, (error) => this.#unanswered(error));
    this.settled = promise;
    this.#settle = resolve;
    const payment = isSigned(entry) ? parseReaderPayment(entry.signed.readerPayment) : undefined;
    this.#own = { entry, merchantId, payment };
    switch (beginning.kind) {
      case "signed":
        this.#askLater();
        this.#submission = this.#submit(beginning.entry);
        return;
      case "ended":
        this.#giveUp(beginning.error);
        return;
      case "remembered":
        this.#backOff = new BackOff({ ...ASKING, msMin: SOON_MS, jitter });
        this.#askLater();
        this.#take(beginning.answer);
    }
  }

  /** What is known while it is not settled. */
  get known(): KnownSoFar {
    return this.#refusal === undefined ? this.#known : { ...this.#known, error: this.#refusal };
  }

  /** Called when the relay has committed a record, at once if it has already; until disposal. */
  onRecorded(handler: (recordNumber: string) => void): Disposable {
    this.#recordedHandlers.add(handler);
    if (this.#known.recordNumber !== "") handler(this.#known.recordNumber);
    return { [Symbol.dispose]: () => void this.#recordedHandlers.delete(handler) };
  }

  /** There is a relay again: what nobody answered is asked at once. */
  relayIsBack(): void {
    if (this.#submission !== undefined) return;
    this.#backOff = new BackOff({ ...ASKING, msMin: SOON_MS, jitter: this.#options.jitter });
    this.#askNow(() => this.#ask());
  }

  /** Somebody waits for it now. */
  hurry(): void {
    if (this.#line.hurry()) this.#askNow(() => this.#ask());
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#line.leave();
    this.#askTimer?.cancel();
    this.#submission?.[Symbol.dispose]();
  }

  #submit({ paymentId, signed, traceparent }: SignedEntry): Disposable {
    return this.#options.relay.submit({
      paymentId,
      signed,
      traceparent,
      onRecorded: ({ recordNumber }) => this.#recorded(recordNumber),
      onCompleted: (completed) => this.#take(completed),
      onRefused: ({ fault }) => {
        if (fault !== undefined) this.#refused(errorOfFault(fault));
      },
    });
  }

  #end(settled: Settled): void {
    if (this.#isOver) return;
    this[Symbol.dispose]();
    this.#settle(settled);
  }

  #recorded(recordNumber: string): void {
    const isNew = this.#known.recordNumber === "";
    const { state } = this.#known;
    this.#known = {
      recordNumber,
      state: state === PaymentState.UNSPECIFIED ? PaymentState.RECEIVED : state,
      nextStep: NextStep.RETRY_SAME_ID,
    };
    if (!isNew) return;
    for (const handler of this.#recordedHandlers) handler(recordNumber);
  }

  #take(answer: RelayAnswer): void {
    this.#answered(answer).catch((error) => this.#unanswered(error));
  }

  async #answered(answer: RelayAnswer): Promise<void> {
    const { recordNumber, state, certainty, nextStep, result, fault } = answer;
    this.#recorded(recordNumber);
    const why = fault === undefined ? undefined : errorOfFault(fault);
    const nextKnown = { ...this.#known, state, nextStep: openStepOf(nextStep) };
    this.#known = why === undefined ? nextKnown : { ...nextKnown, error: why };
    if (result !== undefined) {
      const settled = await this.#settledBy(result, why);
      if (settled !== undefined) this.#end(settled);
    } else if (certainty === Certainty.FINAL && NOT_CHARGED.includes(state)) {
      this.#giveUp(why ?? undone());
    }
  }

  #refused(error: PaymentError): void {
    const { relay } = this.#options;
    const { entry } = this.#own;
    const { certainty, nextStep } = error.row;
    this.#known = { ...this.#known, error };
    if (nextStep === NextStep.RETRY_SAME_ID) {
      const delayMs = error.retryAfterMs ?? ASKING.msMin;
      this.#planAsk(delayMs, () => relay.repeat(entry.paymentId));
      return;
    }
    // What was recorded may be charged: only its record says how it ends, a refusal never does.
    if (this.#known.recordNumber !== "") return;
    if (certainty === Certainty.FINAL) this.#giveUp(error);
  }

  /** From here on the payment is not submitted any more, but made impossible. */
  #giveUp(refusal: PaymentError): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = refusal;
    this.#submission?.[Symbol.dispose]();
    this.#submission = undefined;
    this.#backOff = new BackOff({ ...ASKING, msMin: SOON_MS, jitter: this.#options.jitter });
    this.#askNow(() => this.#ask());
  }

  #askLater(): void {
    this.#planAsk(this.#backOff.nextMs(), () => this.#ask());
  }

  #planAsk(delayMs: number, ask: () => void | Promise<void>): void {
    if (this.#isOver) return;
    this.#askTimer?.cancel();
    this.#delayMs = delayMs;
    this.#askTimer = this.#options.clock.timer(delayMs, () => this.#askNow(ask));
  }

  #askNow(ask: () => void | Promise<void>): void {
    if (this.#isOver) return;
    this.#askLater();
    this.#line.ask(ask);
  }

  async #ask(): Promise<void> {
    const { relay, clock } = this.#options;
    const { entry, payment } = this.#own;
    const refusal = this.#refusal;
    const isBlamed = refusal !== undefined && !ASK_BEFORE_CANCELLING.includes(refusal.code);
    if (isBlamed) return await this.#cancel();
    try {
      await this.#answered(await relay.getPayment(entry.paymentId));
    } catch (error) {
      if (!(error instanceof PaymentError) || error.code !== "PAYMENT_NOT_FOUND") throw error;
      const isInTime = payment && clock.nowMs() <= payment.context.wire.submitBeforeMs;
      if (isInTime === true && refusal === undefined) relay.repeat(entry.paymentId);
      else await this.#cancel();
    }
  }

  /** Nobody may submit bytes of this id any more; the processor is told never to accept any. */
  async #cancel(): Promise<void> {
    const { relay } = this.#options;
    const { entry } = this.#own;
    await this.#answered(await relay.cancelPayment(entry.paymentId, entry.signed));
  }

  /** No answer is not the end: it is asked again later, and not before the relay wants it. */
  #unanswered(error: unknown): void {
    const { log } = this.#options;
    this.#known = { ...this.#known, error };
    const retryAfterMs = error instanceof PaymentError ? (error.retryAfterMs ?? 0) : 0;
    if (retryAfterMs > this.#delayMs) this.#planAsk(retryAfterMs, () => this.#ask());
    const { paymentId } = this.#own.entry;
    const errorName = error instanceof Error ? error.name : "unknown";
    log.warn("the relay does not answer", { paymentId, errorName });
  }

  /** What the processor's word makes of the payment; undefined when it cannot be believed. */
  async #settledBy(
    signed: SignedResult,
    why: PaymentError | undefined,
  ): Promise<Settled | undefined> {
    const { log } = this.#options;
    const own = this.#own;
    try {
      return await settledBy(signed, { own, keys: this.#options }, { refusal: this.#refusal, why });
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      this.#known = { ...this.#known, error };
      log.warn("a result was refused", { paymentId: own.entry.paymentId, errorCode: error.code });
      return undefined;
    }
  }
}

/** The relay says that nothing was charged, but not why, and has nothing signed to show for it. */
function undone(): PaymentError {
  return new PaymentError("WRONG_STATE", "the relay says that it undid this payment");
}

/** What a till can do while a payment is open: ask again, or see who undoes it. */
function openStepOf(nextStep: NextStep): NextStep {
  return BEING_UNDONE.includes(nextStep) ? nextStep : NextStep.RETRY_SAME_ID;
}

const BEING_UNDONE: readonly NextStep[] = [NextStep.WAIT_FOR_REVERSAL, NextStep.ASK_OPERATOR];
