import {
  Certainty,
  NextStep,
  Outcome,
  PaymentState,
  type SignedResult,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import type { Clock, Timer } from "../mesh/clock.ts";
import type { Log } from "../mesh/log.ts";
import { PaymentError } from "../payment/errors.ts";
import { paymentIdToBytes } from "../payment/identifiers.ts";
import { type CheckedReaderPayment, parseReaderPayment } from "../payment/payment-context.ts";
import { errorOfFault } from "../payment/payment-fault.ts";
import { equalBytes } from "../sealing/bytes.ts";
import type { KeptManifest } from "../sealing/kept-manifest.ts";
import { verifyAnswer, verifySignedResult } from "../sealing/signed-result.ts";
import type { SignedEntry } from "./journal.ts";
import { type KnownSoFar, NOTHING_KNOWN, type VerifiedResult } from "./payment-report.ts";
import type { RelayLink } from "./relay-link.ts";

/** When to ask for a payment that no answer came for; doubled each time. */
const ASK_DELAY_MS_MIN = 5_000;
const ASK_DELAY_MS_MAX = 60_000;

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
}

/** Ends without a charge. */
const NOT_CHARGED: readonly PaymentState[] = [PaymentState.DECLINED, PaymentState.REVERSED];

/** How a payment ended. */
export type Settled =
  | { readonly kind: "answered"; readonly verified: VerifiedResult }
  /** The processor never took it: refused before it was recorded, or made impossible. */
  | { readonly kind: "refused"; readonly known: KnownSoFar };

/**
 * Finds out what became of signed bytes, however long that takes: submits them, submits them again
 * on every new stream, asks for the record, and when they came too late cancels the payment, so
 * that it can not happen any more. It ends with an answer that the processor signed, or with the
 * relay's word that the processor never took the payment; never with anything else.
 */
export class Settlement implements Disposable {
  /** Never rejects. */
  readonly settled: Promise<Settled>;
  readonly #options: SettlementOptions;
  readonly #payment: CheckedReaderPayment;
  readonly #settle: (settled: Settled) => void;
  readonly #submission: Disposable;
  #known = NOTHING_KNOWN;
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
    return this.#known;
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
    const { recordNumber, state, certainty, nextStep, result } = answer;
    this.#recorded(recordNumber);
    this.#known = { ...this.#known, state, nextStep: openStepOf(nextStep) };
    if (result !== undefined) {
      const verified = await this.#verify(result);
      if (verified !== undefined) this.#end({ kind: "answered", verified });
    } else if (certainty === Certainty.FINAL && NOT_CHARGED.includes(state)) {
      // The processor never took these bytes, so there is nothing that it could have signed. The
      // relay can not make a charge out of its own word; it can only keep one back, as by silence.
      this.#end({ kind: "refused", known: { ...this.#known, nextStep } });
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
    if (error.code === "SUBMITTED_TOO_LATE") {
      this.#planAsk(0, () => this.#cancel());
    } else if (certainty === Certainty.FINAL) {
      const known = { ...this.#known, nextStep };
      this.#end({ kind: "refused", known });
    }
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
    try {
      await this.#answered(await relay.getPayment(entry.paymentId));
    } catch (error) {
      if (!(error instanceof PaymentError) || error.code !== "PAYMENT_NOT_FOUND") throw error;
      const isInTime = clock.nowMs() <= this.#payment.context.wire.submitBeforeMs;
      if (isInTime) relay.repeat(entry.paymentId);
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

  async #verify(signed: SignedResult): Promise<VerifiedResult | undefined> {
    const { manifest, renewManifest, log, entry } = this.#options;
    if (manifest.newest?.resultVerifier(signed.keyId) === undefined) {
      await renewManifest();
    }
    try {
      return this.#verified(signed);
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      this.#known = { ...this.#known, error };
      log.warn("a result was refused", { paymentId: entry.paymentId, errorCode: error.code });
      return undefined;
    }
  }

  #verified(signed: SignedResult): VerifiedResult {
    const { manifest, entry } = this.#options;
    const { newest } = manifest;
    if (newest === undefined) throw new PaymentError("KEY_NOT_VALID", "there is no key manifest");
    const result = verifySignedResult({ signed, manifest: newest });
    const isTombstone =
      result.outcome === Outcome.REVERSED &&
      result.contextDigest.length === 0 &&
      equalBytes(result.paymentId, paymentIdToBytes(entry.paymentId));
    // The processor never saw these bytes, so it can only name the payment.
    if (isTombstone) return { result, signed };
    return { result: verifyAnswer({ signed, manifest: newest, payment: this.#payment }), signed };
  }
}

/** What a till can do while a payment is open: ask again, or see it being undone. */
function openStepOf(nextStep: NextStep): NextStep {
  return nextStep === NextStep.WAIT_FOR_REVERSAL ? nextStep : NextStep.RETRY_SAME_ID;
}
