import { create, fromBinary } from "@bufbuild/protobuf";
import {
  PaymentContextSchema,
  ReaderPaymentSchema,
  type SignedPayment,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Completed,
  type Recorded,
  type Refused,
  RelayService,
  SubmitSchema,
  type TransactRequest,
  TransactRequestSchema,
  type TransactResponse,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { dial, type MeshChannel } from "../../mesh/client/dial.ts";
import { systemClock } from "../../mesh/clock.ts";
import type { FrameStream, StreamEnd } from "../../mesh/stream/frame-stream.ts";
import type { LiveStream } from "../../mesh/stream/live-stream.ts";
import { liveStream } from "../../mesh/stream/stream-life.ts";

/** What a relay said about one submission. */
export interface Answer {
  readonly recorded: Recorded | undefined;
  readonly completed: Completed | undefined;
  readonly refused: Refused | undefined;
}

/** Speaks to a relay as a terminal that checks nothing, one submission at a time. */
export class RogueTerminal implements Disposable {
  readonly #channel: MeshChannel;
  readonly #live: LiveStream<TransactRequest, TransactResponse>;
  readonly #open = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<never>();
  /** Answers to earlier submissions may still come, a reversal's for one: not this one's. */
  #paymentId = new Uint8Array();
  #recorded: Recorded | undefined;
  #answer = Promise.withResolvers<Answer>();

  constructor(relayAddress: string) {
    this.#channel = rogueChannel(relayAddress);
    this.#live = liveStream(this.#channel.openStream(RelayService.method.transact), {
      role: "client",
      schema: TransactRequestSchema,
      program: "rogue/1",
      instance: "rogue",
      clock: systemClock,
      jitter: () => 0.5,
    });
    this.#live.onOpen(() => this.#open.resolve());
    this.#live.onFrame(({ frame }) => this.#receive(frame));
    this.#live.onEnd(({ message }) => this.#ended.reject(new Error(message)));
    this.#ended.promise.catch(() => undefined); // Told to whoever submits.
  }

  /**
   * Resolves when the relay refused or completed the payment.
   *
   * @throws Error with the status message when the relay ends or has ended the stream.
   */
  async submit(payment: SignedPayment): Promise<Answer> {
    await Promise.race([this.#open.promise, this.#ended.promise]);
    this.#paymentId = paymentIdOf(payment);
    this.#recorded = undefined;
    this.#answer = Promise.withResolvers();
    const submit = create(SubmitSchema, { payment });
    this.#live.send(create(TransactRequestSchema, { frame: { case: "submit", value: submit } }));
    return await Promise.race([this.#answer.promise, this.#ended.promise]);
  }

  [Symbol.dispose](): void {
    this.#live.close();
    this.#channel[Symbol.dispose]();
  }

  #receive(frame: TransactResponse["frame"]): void {
    const answered = frame.value !== undefined && "paymentId" in frame.value && frame.value;
    if (answered && Buffer.compare(answered.paymentId, this.#paymentId) !== 0) return;
    const nothing = { recorded: this.#recorded, completed: undefined, refused: undefined };
    switch (frame.case) {
      case "recorded":
        this.#recorded = frame.value;
        break;
      case "completed":
        this.#answer.resolve({ ...nothing, completed: frame.value });
        break;
      case "refused":
        this.#answer.resolve({ ...nothing, refused: frame.value });
        break;
    }
  }
}

/** Of a payment that may be malformed in every other way; empty when it names none. */
function paymentIdOf({ readerPayment }: SignedPayment): Uint8Array<ArrayBuffer> {
  try {
    const { context } = fromBinary(ReaderPaymentSchema, readerPayment);
    return new Uint8Array(fromBinary(PaymentContextSchema, context).paymentId);
  } catch {
    return new Uint8Array();
  }
}

export function rogueChannel(relayAddress: string): MeshChannel {
  return dial({ targets: [relayAddress], services: [RelayService], clock: systemClock });
}

/** Sends these frames as they are, without Hello and all, and tells how the relay ended it. */
export function endAfter(
  channel: MeshChannel,
  frames: readonly TransactRequest[],
): Promise<StreamEnd> {
  const stream: FrameStream<TransactRequest, TransactResponse> = channel.openStream(
    RelayService.method.transact,
  );
  const ended = Promise.withResolvers<StreamEnd>();
  stream.onFrame(() => undefined);
  stream.onEnd((end) => ended.resolve(end));
  for (const frame of frames) stream.send(frame);
  return ended.promise;
}
