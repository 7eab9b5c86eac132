import { create } from "@bufbuild/protobuf";
import type { SignedResult } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  ReaderEventKind,
  type ResultShown,
  ResultShownSchema,
} from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { paymentIdFromBytes } from "../../payment/identifiers.ts";
import type { CheckedReaderPayment } from "../../payment/payment-context.ts";
import { verifySignedResult } from "../../sealing/boxes/signed-result.ts";
import {
  type AnsweredPayment,
  checkAnswer,
  isAnswerTo,
  isPinRetryPossible,
} from "./answered-payment.ts";
import { type DeviceState, idBytesOf } from "./device-state.ts";
import { CANCELLED, type Display, NO_ANSWER, outcomeDisplay } from "./display.ts";
import type { PaymentSigner } from "./sign-payment.ts";

/** The steps of a payment after the signature. */
export class AnswerSteps {
  readonly #state: DeviceState;
  readonly #signer: PaymentSigner;

  constructor(state: DeviceState, signer: PaymentSigner) {
    this.#state = state;
    this.#signer = signer;
  }

  /** Shows what the processor signed, or UNKNOWN: nothing else than its signature is believed. */
  async showResult(signed: SignedResult | undefined): Promise<void> {
    const state = this.#state;
    state.require("showResult");
    const { current } = state;
    const span =
      "underway" in current ? state.span("reader.show_result", current.underway) : undefined;
    const answered = this.#check(signed);
    if (answered === undefined) {
      state.show(NO_ANSWER);
      const paymentId = "underway" in current ? idBytesOf(current.underway) : new Uint8Array();
      state.say({ case: "resultShown", value: shownOf(NO_ANSWER, paymentId) });
      return;
    }
    const { payment, result } = answered;
    const { paymentId, currency } = payment.context;
    const display = outcomeDisplay(answered.shown, {
      amountMinor: result.approvedAmountMinor,
      currency,
    });
    const isUnderway =
      current.step === "AWAITING_RESULT" && current.underway.prepared.paymentId === paymentId;
    if (isUnderway) {
      state.lastCard = current.card;
      span?.end();
    }
    state.lastAnswer = answered;
    // A late answer to an earlier payment must not look like the answer to the one underway.
    if (isUnderway || current.step === "IDLE") state.enter({ step: "IDLE" }, display);
    state.say({ case: "resultShown", value: shownOf(display, result.paymentId) });
    const mayRepeat = isUnderway && isPinRetryPossible(answered, current.card);
    if (state.isCardInserted && !mayRepeat) state.tell(ReaderEventKind.PROMPT_REMOVE_CARD);
    // Nobody waits for it; what a crash leaves here goes when it can not be submitted any more.
    await this.#signer.store.drop(paymentId);
  }

  showUnknown(paymentId: Uint8Array): void {
    const state = this.#state;
    state.require("showUnknown");
    state.enter({ step: "IDLE" }, NO_ANSWER);
    state.say({ case: "resultShown", value: shownOf(NO_ANSWER, paymentId) });
  }

  /** The same bytes again, as long as they are kept. */
  resend(paymentId: Uint8Array): void {
    const state = this.#state;
    state.require("resend");
    const kept = this.#signer.store.kept(paymentIdFromBytes(paymentId));
    if (kept === undefined) {
      throw new PaymentError("PAYMENT_NOT_FOUND", "the reader has no signed bytes of this payment");
    }
    state.say({ case: "paymentReady", value: { payment: kept.signed } });
  }

  /** The terminal takes back a payment that it did not submit. */
  async forget(paymentId: Uint8Array): Promise<void> {
    await this.#signer.store.drop(paymentIdFromBytes(paymentId));
    this.#state.show(CANCELLED);
  }

  #check(signed: SignedResult | undefined): AnsweredPayment | undefined {
    const { manifest, clock } = this.#signer;
    try {
      const newest = manifest.validAt(clock.nowMs());
      const { paymentId } = verifySignedResult({ signed, manifest: newest });
      const last = this.#state.lastAnswer;
      const before = isAnswerTo(last, paymentId) ? last : undefined;
      const payment = before?.payment ?? this.#keptPayment(paymentId);
      return checkAnswer({ signed, manifest: newest, payment, before, nowMs: clock.nowMs() });
    } catch (error) {
      if (error instanceof PaymentError) return undefined;
      throw error;
    }
  }

  #keptPayment(paymentId: Uint8Array): CheckedReaderPayment {
    const kept = this.#signer.store.kept(paymentIdFromBytes(paymentId));
    if (kept === undefined) throw new PaymentError("PAYMENT_NOT_FOUND", "payment is not here");
    return kept.payment;
  }
}

function shownOf(display: Display, paymentId: Uint8Array): ResultShown {
  const { shown, lines } = display;
  return create(ResultShownSchema, { paymentId, shown, displayLines: [...lines] });
}
