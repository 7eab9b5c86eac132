import {
  Certainty,
  NextStep,
  Outcome,
  type PaymentFault,
  PaymentState,
  type SignedResult,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import type { Clock, Timer } from "../mesh/clock.ts";
import type { Log } from "../mesh/log.ts";
import { PaymentError } from "../payment/errors.ts";
import { type CheckedReaderPayment, parseReaderPayment } from "../payment/payment-context.ts";
import { errorOfFault } from "../payment/payment-fault.ts";
import { equalBytes } from "../sealing/bytes.ts";
import { digest } from "../sealing/dsse.ts";
import type { KeptManifest } from "../sealing/kept-manifest.ts";
import type { Manifest } from "../sealing/manifest.ts";
import { verifyAnswer, verifySignedResult } from "../sealing/signed-result.ts";
import { unseenPaymentDigest } from "../sealing/unseen-payment.ts";
import type { SignedEntry } from "./journal.ts";
import { type KnownSoFar, NOTHING_KNOWN, type VerifiedResult } from "./payment-report.ts";
import type { RelayLink } from "./relay-link.ts";

/** When to ask for a payment that no answer came for; doubled each time. */
const ASK_DELAY_MS_MIN = 5_000;
const ASK_DELAY_MS_MAX = 60_000;
/** A cashier waits for the end of a refused payment, and a reversal takes some milliseconds. */
const CANCEL_DELAY_MS_MIN = 250;

export interface SettlementOptions {
  readonly entry: SignedEntry;
  readonly relay: RelayLink;
  readonly manifest: KeptManifest;
  /** Asks the relay for a newer manifest, because a result names a key that is not known. */
  readonly renewManifest: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a relay says of a payment, on the stream or when asked. */
interface RelayAnswer {
  readonly recordNumber: string;
  readonly state: PaymentState;
  readonly certainty: Certainty;
  readonly nextStep: NextStep;
  readonly result?: SignedResult | undefined;
  readonly fault?: PaymentFault | undefined;
}

/** Ends without a charge. */
const NOT_CHARGED: readonly PaymentState[] = [PaymentState.DECLINED, PaymentState.REVERSED];

/** How a payment ended. Either way the processor signed something that leaves no other end. */
export type Settled =
  | { readonly kind: "answered"; readonly verified: VerifiedResult }
  /** The relay refused it, and now it can not happen any more. */
  | {
      readonly kind: "refused";
      readonly error: PaymentError;
      /** The tombstone; absent when the id stands for another payment, which is not shown here. */
      readonly verified?: VerifiedResult | undefined;
    };

/**
 * Finds out what became of signed bytes, however long that takes: submits them, submits them again
 * on every new stream, asks for the record, and when they were refused or came too late cancels the
 * payment, so that it can not happen any more. It ends with a word that the processor signed, never
 * with the relay's alone: one that lies could have passed on what it says it refused.
 */
export class Settlement implements Disposable {
  /** Never rejects. */
  readonly settled: Promise<Settled>;
  readonly #options: SettlementOptions;
  readonly #payment: CheckedReaderPayment;
  readonly #settle: (settled: Settled) => void;
  readonly #submission: Disposable;
  #known = NOTHING_KNOWN;
  /** Why the payment shall not happen any more. */
  #refusal: PaymentError | undefined;
  #askDelayMs = ASK_DELAY_MS_MIN;
  #askTimer: Timer | undefined;
  #isOver = false;
  readonly #recordedHandlers = new Set<(recordNumber: string) => void>();

  constructor(options: SettlementOptions) {
    const { entry, relay } = options;
    const { promise, resolve } = Promise.withResolvers<Settled>();
    this.#options = options;
    this.settled = promise;
    this.#settle = resolve;
    this.#payment = parseReaderPayment(entry.signed.readerPayment);
    this.#askLater();
    this.#submission = relay.submit({
      paymentId: entry.paymentId,
      signed: entry.signed,
      traceparent: entry.traceparent,
      onRecorded: ({ recordNumber }) => this.#recorded(recordNumber),
      onCompleted: (completed) => void this.#answered(completed),
      onRefused: ({ fault }) => {
        if (fault !== undefined) this.#refused(errorOfFault(fault));
      },
    });
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

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#askTimer?.cancel();
    this.#submission[Symbol.dispose]();
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

  async #answered(answer: RelayAnswer): Promise<void> {
    const { recordNumber, state, certainty, nextStep, result, fault } = answer;
    this.#recorded(recordNumber);
    this.#known = { ...this.#known, state, nextStep: openStepOf(nextStep) };
    if (result !== undefined) {
      const settled = await this.#settledBy(result);
      if (settled !== undefined) this.#end(settled);
    } else if (certainty === Certainty.FINAL && NOT_CHARGED.includes(state)) {
      this.#giveUp(fault === undefined ? undone() : errorOfFault(fault));
    }
  }

  #refused(error: PaymentError): void {
    const { relay, entry } = this.#options;
    const { certainty, nextStep } = error.row;
    this.#known = { ...this.#known, error };
    if (nextStep === NextStep.RETRY_SAME_ID) {
      const delayMs = error.retryAfterMs ?? ASK_DELAY_MS_MIN;
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
    this.#submission[Symbol.dispose]();
    this.#askDelayMs = CANCEL_DELAY_MS_MIN;
    this.#planAsk(0, () => this.#ask());
  }

  #askLater(): void {
    this.#planAsk(this.#askDelayMs, () => this.#ask());
    this.#askDelayMs = Math.min(ASK_DELAY_MS_MAX, this.#askDelayMs * 2);
  }

  #planAsk(delayMs: number, ask: () => void | Promise<void>): void {
    if (this.#isOver) return;
    this.#askTimer?.cancel();
    this.#askTimer = this.#options.clock.timer(delayMs, () => {
      this.#askLater();
      Promise.resolve(ask()).catch((error) => this.#unanswered(error));
    });
  }

  async #ask(): Promise<void> {
    const { relay, entry, clock } = this.#options;
    const refusal = this.#refusal;
    // Whoever has the record under DUPLICATE_DIFFERS did nothing wrong and is not to be undone.
    if (refusal !== undefined && refusal.code !== "DUPLICATE_DIFFERS") return await this.#cancel();
    try {
      await this.#answered(await relay.getPayment(entry.paymentId));
    } catch (error) {
      if (!(error instanceof PaymentError) || error.code !== "PAYMENT_NOT_FOUND") throw error;
      const isInTime = clock.nowMs() <= this.#payment.context.wire.submitBeforeMs;
      if (isInTime && refusal === undefined) relay.repeat(entry.paymentId);
      else await this.#cancel();
    }
  }

  /** Nobody may submit these bytes any more; the processor is told never to accept them. */
  async #cancel(): Promise<void> {
    const { relay, entry } = this.#options;
    await this.#answered(await relay.cancelPayment(entry.paymentId));
  }

  /** No answer is not the end: it is asked again later. */
  #unanswered(error: unknown): void {
    const { log, entry } = this.#options;
    this.#known = { ...this.#known, error };
    const errorName = error instanceof Error ? error.name : "unknown";
    log.warn("the relay does not answer", { paymentId: entry.paymentId, errorName });
  }

  /** What the processor's word makes of the payment; undefined when it can not be believed. */
  async #settledBy(signed: SignedResult): Promise<Settled | undefined> {
    const { manifest, renewManifest, log, entry } = this.#options;
    if (manifest.newest?.resultVerifier(signed.keyId) === undefined) {
      await renewManifest();
    }
    try {
      const error = this.#refusal;
      if (error?.code === "DUPLICATE_DIFFERS" && this.#isOfOthers(signed)) {
        return { kind: "refused", error };
      }
      const verified = this.#verified(signed);
      return error !== undefined && verified.result.outcome === Outcome.REVERSED
        ? { kind: "refused", error, verified }
        : { kind: "answered", verified };
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      this.#known = { ...this.#known, error };
      log.warn("a result was refused", { paymentId: entry.paymentId, errorCode: error.code });
      return undefined;
    }
  }

  #verified(signed: SignedResult): VerifiedResult {
    const { context } = this.#payment;
    const manifest = this.#manifest();
    const result = verifySignedResult({ signed, manifest });
    // The processor never saw these bytes, so it can only name payment and merchant.
    const isTombstone =
      result.outcome === Outcome.REVERSED &&
      equalBytes(result.paymentId, context.wire.paymentId) &&
      equalBytes(result.contextDigest, unseenPaymentDigest(context));
    if (isTombstone) return { result, signed };
    return { result: verifyAnswer({ signed, manifest, payment: this.#payment }), signed };
  }

  /** Whether the id stands for other bytes at the processor, which takes no second ones for it. */
  #isOfOthers(signed: SignedResult): boolean {
    const { context, contextBytes } = this.#payment;
    const { paymentId, contextDigest } = verifySignedResult({ signed, manifest: this.#manifest() });
    const own = [digest("payment-context", contextBytes), unseenPaymentDigest(context)];
    return (
      equalBytes(paymentId, context.wire.paymentId) &&
      !own.some((one) => equalBytes(one, contextDigest))
    );
  }

  #manifest(): Manifest {
    const { newest } = this.#options.manifest;
    if (newest === undefined) throw new PaymentError("KEY_NOT_VALID", "there is no key manifest");
    return newest;
  }
}

/** The relay says that nothing was charged, but not why, and has nothing signed to show for it. */
function undone(): PaymentError {
  return new PaymentError("WRONG_STATE", "the relay says that it undid this payment");
}

/** What a till can do while a payment is open: ask again, or see it being undone. */
function openStepOf(nextStep: NextStep): NextStep {
  return nextStep === NextStep.WAIT_FOR_REVERSAL ? nextStep : NextStep.RETRY_SAME_ID;
}
