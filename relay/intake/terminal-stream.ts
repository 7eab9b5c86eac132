import { create } from "@bufbuild/protobuf";
import { Certainty, CompletionSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  RecordedSchema,
  RefusedSchema,
  type Submit,
  type SubmitCompletion,
  type TransactRequest,
  type TransactResponse,
  TransactResponseSchema,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { Rate, RateLimits } from "../../mesh/limits/rate-limits.ts";
import type { LiveStream } from "../../mesh/stream/live-stream.ts";
import type { SpanAttributes } from "../../mesh/tracing/span-attributes.ts";
import type { HopSpan } from "../../mesh/tracing/telemetry.ts";
import { faultOf, PaymentError } from "../../payment/errors.ts";
import {
  type PaymentId,
  paymentIdFromBytes,
  paymentIdToBytes,
  type TerminalKey,
  terminalName,
} from "../../payment/identifiers.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import { certaintyOf } from "../../payment/states.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import { completedOf } from "../queries/payment-record.ts";
import type { RecordOutcome } from "../records/relay-record.ts";
import { type Listener, type Told, toldOf, type Waiting } from "../records/waiting.ts";
import type { RelaySurroundings } from "../relay-surroundings.ts";
import type { Intake } from "./intake.ts";
import { addressSubmission, type UncheckedSubmission } from "./submission.ts";

/** Payments of one terminal that may be open at the same time on one stream. */
const OPEN_PAYMENTS_MAX = 256;

/** No person presents cards faster; a terminal that does is broken, or not a terminal. */
export const PAYMENT_RATE: Rate = { perSecond: 50, burst: 500 };

export interface TerminalStreamParts {
  readonly intake: Intake;
  readonly waiting: Waiting;
  /** Of each terminal that has a TLS identity, over all of its streams. */
  readonly paymentRates: RateLimits;
  readonly around: RelaySurroundings;
}

type Frame = TransactResponse["frame"];

/** One terminal's stream: submissions in, record numbers, outcomes and refusals out. */
export class TerminalStream {
  readonly #live: LiveStream<TransactResponse, TransactRequest>;
  readonly #parts: TerminalStreamParts;
  readonly #terminal: TerminalKey | undefined;
  /** Every payment that this stream still owes an answer, recorded or not. */
  readonly #open = new Set<StreamPayment>();
  #isClosing = false;

  /** @param terminal of the stream's TLS identity; undefined in plaintext. */
  constructor(
    live: LiveStream<TransactResponse, TransactRequest>,
    terminal: TerminalKey | undefined,
    parts: TerminalStreamParts,
  ) {
    this.#live = live;
    this.#parts = parts;
    this.#terminal = terminal;
    live.onFrame((frame) => this.#receive(frame));
    live.onWritable(() => live.resume());
    live.onClose(() => {
      this.#isClosing = true;
      this.#closeWhenDone();
    });
    live.onEnd(() => this.#ended());
  }

  /** Whether a payment that came on it has had no answer yet. */
  get isAwaited(): boolean {
    return this.#open.size > 0;
  }

  #receive({ frame }: TransactRequest): void {
    // What cannot be told from other payments cannot be refused by its id: that ends the stream.
    switch (frame.case) {
      case "submit": {
        const submit = frame.value;
        const submission = addressSubmission(submit.payment);
        const { faults } = this.#parts.around;
        faults.deliver("relay.request", () => void this.#submit(submission, submit));
        break;
      }
      case "completion":
        this.#refuseCompletion(frame.value);
        break;
      default:
        throw new PaymentError("MALFORMED_REQUEST", "a frame must carry submit or completion");
    }
  }

  #refuseCompletion({ completion, traceparent }: SubmitCompletion): void {
    const bytes = completion?.completion ?? new Uint8Array();
    const paymentId = paymentIdFromBytes(
      strictDecode(CompletionSchema, bytes, "completion").paymentId,
    );
    const { telemetry } = this.#parts.around;
    const span = telemetry.spanOf(traceparent, "relay.complete", "server", {
      paymentId,
    });
    const error = new PaymentError("NOT_SUPPORTED", "completions of chip cards are not supported");
    this.#refuse(paymentId, error, span);
  }

  async #submit(submission: UncheckedSubmission, { traceparent }: Submit): Promise<void> {
    const { intake, around } = this.#parts;
    const { telemetry, log } = around;
    const { paymentId } = submission;
    const span = telemetry.spanOf(traceparent, "relay.transact", "server", {
      paymentId,
    });
    if (this.#open.size >= OPEN_PAYMENTS_MAX) {
      const message = `at most ${OPEN_PAYMENTS_MAX} payments may be open on one stream`;
      this.#refuse(paymentId, new PaymentError("OVERLOADED", message), span);
      return;
    }
    const open = new StreamPayment(span, (outcome) => this.#complete(open, outcome));
    this.#open.add(open);
    try {
      if (this.#terminal !== undefined) this.#parts.paymentRates.take(terminalName(this.#terminal));
      const recorded = await intake.take(submission, this.#terminal, span);
      // The stream ended meanwhile; the payment goes on without it.
      if (!this.#open.has(open)) return;
      const { kind, record } = recorded;
      this.#recorded(open, paymentId, record.recordNumber, kind === "known");
      const state = kind === "new" ? record.state : "FORWARDED";
      this.#parts.waiting.add(record.recordNumber, state, open);
      if (kind === "known") this.#known(open, record);
    } catch (error) {
      this.#open.delete(open);
      if (!(error instanceof PaymentError))
        log.failure("a payment was refused", error, { paymentId });
      this.#refuse(paymentId, error, span);
      this.#closeWhenDone();
    }
  }

  #recorded(
    open: StreamPayment,
    paymentId: PaymentId,
    recordNumber: RecordNumber,
    wasRecorded: boolean,
  ): void {
    open.recordNumber = recordNumber;
    open.span.set({ recordNumber });
    const value = create(RecordedSchema, {
      paymentId: paymentIdToBytes(paymentId),
      recordNumber,
      wasRecorded,
    });
    this.#send({ case: "recorded", value });
  }

  /** What happened before this stream asked. */
  #known(open: StreamPayment, record: RecordOutcome): void {
    const isOnItsWay = record.state === "RECEIVED" || record.state === "FORWARDED";
    if (!isOnItsWay) this.#complete(open, record);
  }

  #complete(open: StreamPayment, outcome: RecordOutcome): void {
    const told = toldOf(outcome);
    if (!this.#open.has(open) || open.lastTold === told) return;
    open.lastTold = told;
    this.#send({ case: "completed", value: completedOf(outcome) });
    open.endSpan({ paymentState: outcome.state, responseCode: outcome.responseCode || undefined });
    if (certaintyOf(outcome.state) !== Certainty.FINAL) return;
    this.#forget(open);
    this.#closeWhenDone();
  }

  #refuse(paymentId: PaymentId, error: unknown, span: HopSpan): void {
    const fault = faultOf(error);
    const value = create(RefusedSchema, { paymentId: paymentIdToBytes(paymentId), fault });
    this.#send({ case: "refused", value });
    span.set({ errorCode: fault.code });
    span.end(fault.code);
  }

  /** A terminal that does not read gets to say nothing either until it does. */
  #send(frame: Frame): void {
    if (!this.#live.send(create(TransactResponseSchema, { frame }))) this.#live.pause();
  }

  /** The terminal said that it is done; what it is owed still goes out. */
  #closeWhenDone(): void {
    if (this.#isClosing && this.#open.size === 0) this.#live.close();
  }

  #ended(): void {
    for (const open of [...this.#open]) {
      open.endSpan({}, "STREAM_CUT");
      this.#forget(open);
    }
  }

  #forget(open: StreamPayment): void {
    this.#open.delete(open);
    if (open.recordNumber !== undefined) this.#parts.waiting.remove(open.recordNumber, open);
  }
}

/** A payment that this stream still owes an answer. */
class StreamPayment implements Listener {
  readonly span: HopSpan;
  readonly tell: (outcome: RecordOutcome) => void;
  recordNumber: RecordNumber | undefined;
  lastTold: Told | undefined;
  #isSpanEnded = false;

  constructor(span: HopSpan, tell: (outcome: RecordOutcome) => void) {
    this.span = span;
    this.tell = tell;
  }

  /** With the first answer that lets the terminal go on; a reversal may take much longer. */
  endSpan(attributes: SpanAttributes, errorType?: string): void {
    if (this.#isSpanEnded) return;
    this.#isSpanEnded = true;
    this.span.set(attributes);
    this.span.end(errorType);
  }
}
