import { create } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { DelegatedManifest, SignedEnvelope } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import type { SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Completed,
  type PaymentRecord,
  type Recorded,
  type Refused,
  type RelayService,
  type TransactRequest,
  TransactRequestSchema,
  type TransactResponse,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { callFailure } from "../../mesh/errors-to-wire.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import { type LastingStream, lastingStream } from "../../mesh/stream/lasting-stream.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { MerchantId } from "../../payment/identifiers.ts";
import { type PaymentId, paymentIdFromBytes } from "../../payment/identifiers.ts";

const PROGRAM = "terminal/0.1.0";

export interface RelayLinkOptions extends Pick<Surroundings, "clock" | "log"> {
  /** Opens a stream: `() => channel.openStream(RelayService.method.transact)`. */
  readonly open: () => FrameStream<TransactRequest, TransactResponse>;
  /** The same relay's other methods: `channel.client(RelayService)`. */
  readonly calls: Client<typeof RelayService>;
  readonly merchantId: MerchantId;
  /** Shows whose terminal this is to a relay that has not registered it; some never need it. */
  readonly certificate?: SignedEnvelope | undefined;
  readonly instance: string;
  /** From 0 up to 1. */
  readonly jitter: () => number;
  /** Called after `isConnected` may have changed. */
  readonly onChange: () => void;
}

/** A payment to be delivered to the relay, and what to do with its answers. */
export interface Submission {
  readonly paymentId: PaymentId;
  readonly signed: SignedPayment;
  readonly traceparent: string;
  readonly onRecorded: (recorded: Recorded) => void;
  readonly onCompleted: (completed: Completed) => void;
  readonly onRefused: (refused: Refused) => void;
}

/**
 * The way to the relay. A payment that was submitted is sent again on every new stream until it is
 * withdrawn: the relay answers the same bytes the same way, so nothing is ever charged twice.
 */
export class RelayLink implements AsyncDisposable {
  readonly #options: RelayLinkOptions;
  readonly #stream: LastingStream<TransactRequest>;
  readonly #submissions = new Map<PaymentId, Submission>();

  constructor(options: RelayLinkOptions) {
    this.#options = options;
    this.#stream = lastingStream({
      open: options.open,
      schema: TransactRequestSchema,
      clock: options.clock,
      jitter: options.jitter,
      program: PROGRAM,
      instance: options.instance,
      onFrame: (frame: TransactResponse) => this.#receive(frame),
      onUp: () => this.#up(),
      onOver: () => options.onChange(),
    });
  }

  get isConnected(): boolean {
    return this.#stream.number !== 0;
  }

  /** What the relay's clock says; undefined without a stream, or when the relay does not say. */
  get timeMs(): number | undefined {
    return this.#stream.peerTimeMs;
  }

  /** What the relay said of its time is worth nothing any more: its next sign of life tells. */
  get isTimeLost(): boolean {
    return this.#stream.isPeerTimeLost;
  }

  /** Sends the payment now, and on every new stream until the answer is disposed. */
  submit(submission: Submission): Disposable {
    const { paymentId } = submission;
    this.#submissions.set(paymentId, submission);
    this.#send(submission);
    return { [Symbol.dispose]: () => void this.#submissions.delete(paymentId) };
  }

  /** Sends it once more on the stream that is open, if it was not withdrawn. */
  repeat(paymentId: PaymentId): void {
    const submission = this.#submissions.get(paymentId);
    if (submission !== undefined) this.#send(submission);
  }

  /** @throws PaymentError PAYMENT_NOT_FOUND without a record, or why the relay cannot tell. */
  async getPayment(paymentId: PaymentId): Promise<PaymentRecord> {
    const { calls, merchantId } = this.#options;
    const key = { case: "paymentId", value: paymentId } as const;
    const { payment } = await understood(calls.getPayment({ key, merchantId }));
    if (payment === undefined) throw new Error("the relay answered without a record");
    return payment;
  }

  /** @param signed by it the processor can tell a payment that the relay has forgotten. */
  async cancelPayment(paymentId: PaymentId, signed?: SignedPayment): Promise<Completed> {
    const { calls, merchantId, certificate: terminalCertificate } = this.#options;
    const shown = { paymentId, merchantId, terminalCertificate };
    const request = { ...shown, ...(signed && { payment: signed }) };
    const { completed } = await understood(calls.cancelPayment(request));
    if (completed === undefined) throw new Error("the relay answered without an outcome");
    return completed;
  }

  /** @returns undefined when the relay has nothing newer than `haveNumber`. */
  async getManifest(haveNumber: bigint): Promise<DelegatedManifest | undefined> {
    const { manifest } = await understood(this.#options.calls.getManifest({ haveNumber }));
    return manifest;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stream.close();
  }

  #up(): void {
    for (const submission of this.#submissions.values()) this.#send(submission);
    this.#options.onChange();
  }

  #send({ signed: payment, traceparent }: Submission): void {
    const frame = { case: "submit", value: { payment, traceparent } } as const;
    this.#stream.send(create(TransactRequestSchema, { frame }));
  }

  #receive({ frame }: TransactResponse): void {
    switch (frame.case) {
      case "recorded":
        this.#submissionOf(frame.value)?.onRecorded(frame.value);
        return;
      case "completed":
        this.#submissionOf(frame.value)?.onCompleted(frame.value);
        return;
      case "refused":
        this.#submissionOf(frame.value)?.onRefused(frame.value);
        return;
      default:
        this.#options.log.warn("the relay sent a frame that is not known", { field: frame.case });
    }
  }

  #submissionOf({ paymentId }: { readonly paymentId: Uint8Array }): Submission | undefined {
    if (paymentId.length === 0) return undefined;
    return this.#submissions.get(paymentIdFromBytes(paymentId));
  }
}

/** @throws PaymentError that the relay meant, or that says that it was not reached. */
async function understood<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    throw callFailure(error, "the relay");
  }
}
