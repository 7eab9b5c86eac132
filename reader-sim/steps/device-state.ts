import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ReaderEventKind,
  ReaderMessageSchema,
} from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { Timer } from "../../mesh/clock.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { HopSpan } from "../../mesh/tracing/telemetry.ts";
import { faultOf, PaymentError } from "../../payment/errors.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { CheckedTerminalCertificate } from "../../sealing/keys/certificates.ts";
import type { PresentedCard } from "../card/card-reading.ts";
import type { AnsweredPayment } from "./answered-payment.ts";
import { type Display, WELCOME } from "./display.ts";
import { isAccepted, STEP_MS_MAX, type StepInput } from "./payment-steps.ts";
import type { PreparedPayment } from "./prepared-payment.ts";

/** One side of the authenticated session: who the terminal is, and how to speak to it. */
export interface AttachedTerminal {
  readonly certificate: CheckedTerminalCertificate;
  send(message: MessageInitShape<typeof ReaderMessageSchema>): void;
}

type ReaderSays = NonNullable<MessageInitShape<typeof ReaderMessageSchema>["message"]>;

/** A payment that was prepared, for the terminal that asked. */
export interface Underway {
  readonly prepared: PreparedPayment;
  readonly terminal: CheckedTerminalCertificate;
  /** Trace context of the payment; empty for none. */
  readonly traceparent: string;
}

export type DeviceStep =
  | { readonly step: "IDLE" }
  /** `isChipRequired`: a tap was declined with the wish for chip and PIN. */
  | {
      readonly step: "AWAITING_CARD";
      readonly underway: Underway;
      readonly isChipRequired: boolean;
    }
  | {
      readonly step: "AWAITING_CONFIRM" | "AWAITING_PIN" | "AWAITING_RESULT";
      readonly underway: Underway;
      readonly card: PresentedCard;
    };

type Around = Pick<Surroundings, "clock" | "log" | "telemetry">;

/** What a reader is doing now, what it shows, and the terminal it speaks to. */
export class DeviceState {
  readonly #around: Around;
  readonly #onExpire: (expired: DeviceStep) => void;
  #current: DeviceStep = { step: "IDLE" };
  #timer: Timer | undefined;
  #display = WELCOME;
  terminal: AttachedTerminal | undefined;
  /** A chip is in the slot. */
  isCardInserted = false;
  /** The presentation that the last payment used, while a PIN retry could use it again. */
  lastCard: PresentedCard | undefined;
  lastAnswer: AnsweredPayment | undefined;

  /** @param onExpire called when a step took too long, with that step. */
  constructor(around: Around, onExpire: (expired: DeviceStep) => void) {
    this.#around = around;
    this.#onExpire = onExpire;
  }

  get current(): DeviceStep {
    return this.#current;
  }

  get display(): Display {
    return this.#display;
  }

  enter(next: DeviceStep, display: Display): void {
    this.#timer?.cancel();
    this.#current = next;
    this.#display = display;
    if (next.step === "IDLE") return;
    const { clock } = this.#around;
    this.#timer = clock.timer(STEP_MS_MAX[next.step], () => this.#onExpire(next));
  }

  /** Shows something else without a change of step. */
  show(display: Display): void {
    this.#display = display;
  }

  /** @throws PaymentError READER_BUSY or WRONG_STATE when the table does not allow `input` now. */
  require(input: StepInput): void {
    const { step } = this.#current;
    if (isAccepted(step, input)) return;
    const isBusy = input === "prepare" || input === "showResult" || input === "showUnknown";
    throw new PaymentError(
      isBusy ? "READER_BUSY" : "WRONG_STATE",
      `the reader does not take ${input} in step ${step}`,
    );
  }

  /** @throws PaymentError WRONG_STATE when `paymentId` is not the payment that is underway. */
  requireUnderway(paymentId: Uint8Array): Underway {
    const underway = "underway" in this.#current ? this.#current.underway : undefined;
    if (underway === undefined || !equalBytes(idBytesOf(underway), paymentId)) {
      throw new PaymentError("WRONG_STATE", "the reader is not busy with this payment_id", {
        field: "payment_id",
      });
    }
    return underway;
  }

  say(message: ReaderSays): void {
    const traceparent = "underway" in this.#current ? this.#current.underway.traceparent : "";
    this.terminal?.send({ message, traceparent });
  }

  /** Tells the terminal that a step did not happen; a failure that nobody expected is logged. */
  fail(error: unknown, faultPaymentId: Uint8Array): void {
    if (!(error instanceof PaymentError)) this.#around.log.failure("a step failed", error);
    this.terminal?.send({ message: { case: "fault", value: faultOf(error) }, faultPaymentId });
  }

  tell(kind: ReaderEventKind): void {
    const paymentId =
      "underway" in this.#current ? idBytesOf(this.#current.underway) : new Uint8Array();
    this.say({ case: "event", value: { paymentId, kind } });
  }

  /** A child span of the payment, for one step at the reader. */
  span(name: string, { prepared, traceparent }: Underway): HopSpan {
    return this.#around.telemetry.spanOf(traceparent, name, "server", {
      paymentId: prepared.paymentId,
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

export function idBytesOf({ prepared }: Underway): Uint8Array {
  return paymentIdToBytes(prepared.paymentId);
}
