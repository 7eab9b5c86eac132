import type { EntryMode } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { CancelledBy, type TerminalMessage } from "../gen/cardlane/reader/v1/reader_pb.ts";
import type { Timer } from "../mesh/clock.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import { PaymentError } from "../payment/errors.ts";
import { AnswerSteps } from "./steps/answer-steps.ts";
import { CardSteps } from "./steps/card-steps.ts";
import { type AttachedTerminal, DeviceState, type DeviceStep } from "./steps/device-state.ts";
import { CANCELLED, type Display, NO_ANSWER } from "./steps/display.ts";
import { isAccepted, RESEND_MARGIN_MS } from "./steps/payment-steps.ts";
import type { PaymentSigner } from "./steps/sign-payment.ts";

/** How often signed bytes that nobody can submit any more are looked for, in milliseconds. */
const SWEEP_INTERVAL_MS = 60_000;

type ReaderDeviceOptions = PaymentSigner & Surroundings;

/**
 * The reader apart from its connections: slot, keys, display and one payment at a time. What comes
 * from terminal, hands and clock is taken one after the other; payment-steps.ts says what counts
 * when.
 */
export class ReaderDevice implements AsyncDisposable {
  readonly #options: ReaderDeviceOptions;
  readonly #state: DeviceState;
  readonly #cards: CardSteps;
  readonly #answers: AnswerSteps;
  #lastInput: Promise<unknown> = Promise.resolve();
  #sweepTimer: Timer;

  constructor(options: ReaderDeviceOptions) {
    this.#options = options;
    const onExpire = (expired: DeviceStep) => void this.#take(() => this.#expire(expired));
    this.#state = new DeviceState(options, onExpire);
    this.#cards = new CardSteps(this.#state, options);
    this.#answers = new AnswerSteps(this.#state, options);
    this.#sweepTimer = this.#planSweep();
  }

  get display(): Display {
    return this.#state.display;
  }

  get serial(): string {
    return this.#options.certificate.serial;
  }

  /** An authenticated terminal; it takes the place of the one before. */
  attach(terminal: AttachedTerminal): Promise<void> {
    return this.#take(() => {
      this.#cut();
      this.#state.terminal = terminal;
    });
  }

  detach(terminal: AttachedTerminal): Promise<void> {
    return this.#take(() => {
      if (this.#state.terminal !== terminal) return;
      this.#state.terminal = undefined;
      this.#cut();
    });
  }

  /** One message of the attached terminal. A step that does not happen is answered with a fault. */
  obey(message: TerminalMessage, terminal: AttachedTerminal): Promise<void> {
    return this.#take(async () => {
      if (this.#state.terminal !== terminal) return;
      try {
        await this.#dispatch(message, terminal);
      } catch (error) {
        this.#state.fail(error, paymentIdIn(message));
      }
    });
  }

  /** @returns the masked number. @throws PaymentError when no card is awaited or not this one. */
  presentCard(nameOrNumber: string, entryMode: EntryMode): Promise<string> {
    return this.#take(() => this.#cards.present(nameOrNumber, entryMode));
  }

  /** @returns whether a card was there. */
  removeCard(): Promise<boolean> {
    return this.#take(() => this.#cards.remove());
  }

  typePin(pin: string): Promise<void> {
    return this.#take(() => this.#cards.typePin(pin));
  }

  pressCancel(): Promise<void> {
    return this.#take(() => {
      this.#state.require("pressCancel");
      this.#stop(CancelledBy.CARDHOLDER);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sweepTimer.cancel();
    this.#state.stop();
    await this.#lastInput;
  }

  async #dispatch({ message, traceparent }: TerminalMessage, terminal: AttachedTerminal) {
    switch (message.case) {
      case "preparePayment":
        return this.#cards.prepare(message.value, terminal, traceparent);
      case "confirm":
        return this.#cards.confirm(message.value);
      case "cancel":
        return this.#cancel(message.value.paymentId);
      case "showResult":
        return this.#answers.showResult(message.value.result);
      case "showUnknown":
        return this.#answers.showUnknown(message.value.paymentId);
      case "resendPayment":
        return this.#answers.resend(message.value.paymentId);
      default:
        throw new PaymentError("NOT_SUPPORTED", `the reader knows no ${String(message.case)}`);
    }
  }

  async #cancel(paymentId: Uint8Array): Promise<void> {
    this.#state.require("cancel");
    this.#state.requireUnderway(paymentId);
    if (this.#state.current.step === "AWAITING_RESULT") await this.#answers.forget(paymentId);
    this.#stop(CancelledBy.TERMINAL);
  }

  #expire(expired: DeviceStep): void {
    const { current } = this.#state;
    // What came first may have led on while this waited for its turn.
    if (current !== expired || !isAccepted(current.step, "expire")) return;
    if (current.step === "AWAITING_RESULT") this.#state.enter({ step: "IDLE" }, NO_ANSWER);
    else this.#stop(CancelledBy.TIMEOUT);
  }

  /** The session is gone. What was signed is kept: its answer may come in the next session. */
  #cut(): void {
    const { current } = this.#state;
    if (current.step === "IDLE" || current.step === "AWAITING_RESULT") return;
    this.#state.enter({ step: "IDLE" }, CANCELLED);
  }

  #stop(cancelledBy: CancelledBy): void {
    const { current } = this.#state;
    if ("underway" in current) this.#cards.stop(cancelledBy, current.underway);
  }

  #planSweep(): Timer {
    const { clock, store, log } = this.#options;
    return clock.timer(SWEEP_INTERVAL_MS, () => {
      this.#sweepTimer = this.#planSweep();
      this.#take(() => store.dropSubmittableUntil(clock.nowMs() - RESEND_MARGIN_MS)).catch(
        (error) => log.failure("signed bytes could not be dropped", error),
      );
    });
  }

  /** Inputs follow one another: none sees a step half done. */
  #take<Answer>(input: () => Answer | Promise<Answer>): Promise<Answer> {
    const done = this.#lastInput.then(input);
    // Who gave the input hears of its failure; the next one only waits until it is over.
    this.#lastInput = done.catch(() => undefined);
    return done;
  }
}

function paymentIdIn({ message }: TerminalMessage): Uint8Array {
  const { value } = message;
  return value !== undefined && "paymentId" in value ? value.paymentId : new Uint8Array();
}
