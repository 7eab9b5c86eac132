import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  Outcome,
  ResultSchema,
  type Reverse,
  ReverseSchema,
  type SignedResult,
  SignedResultSchema,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Acknowledgement,
  AnswerSchema,
  type AuthorizationRequest,
  HopAnswerSchema,
  type HopBox,
  HopRequestSchema,
  ProcessorService,
  type ProcessRequest,
  type ProcessResponse,
  ProcessResponseSchema,
} from "../gen/cardlane/processor/v1/processor_pb.ts";
import type { Clock } from "../mesh/clock.ts";
import type { FrameStream } from "../mesh/frame-stream.ts";
import type { LiveStream } from "../mesh/live-stream.ts";
import { silentLog } from "../mesh/log.ts";
import { type MeshServer, serve } from "../mesh/serve.ts";
import { service } from "../mesh/service.ts";
import { liveStream } from "../mesh/stream-life.ts";
import { PaymentError, type PaymentErrorCode } from "../payment/errors.ts";
import { parseReaderPayment } from "../payment/payment-context.ts";
import { faultOf } from "../payment/payment-fault.ts";
import type { Agreement, Signer } from "../sealing/curves.ts";
import { digest, sign } from "../sealing/dsse.ts";
import { openHopBox, sealHopBox } from "../sealing/hop-box.ts";
import { nodeCurves as curves } from "../sealing/node-curves.ts";
import { SharedKeys } from "../sealing/shared-keys.ts";
import type { TestKeys } from "../test/fixtures/keys.ts";

/** What a test wants answered: a result, a fault, or nothing at all. */
export type Decision =
  | { readonly result: MessageInitShape<typeof ResultSchema> }
  | { readonly fault: PaymentErrorCode }
  | "silence";

export const APPROVE: Decision = {
  result: { outcome: Outcome.APPROVED, responseCode: "00", approvalCode: "A1B2C3" },
};
export const DECLINE: Decision = {
  result: { outcome: Outcome.DECLINED, responseCode: "51", approvedAmountMinor: 0n },
};
export const REVERSE: Decision = {
  result: { outcome: Outcome.REVERSED, responseCode: "68", revision: 2, approvedAmountMinor: 0n },
};

/** A processor on a real socket that decides as it is told and remembers what came. */
export class FakeProcessor implements AsyncDisposable {
  readonly authorizations: AuthorizationRequest[] = [];
  readonly reversals: Reverse[] = [];
  /** DE 0 of each reversal. */
  readonly reversalTypes: number[] = [];
  readonly acknowledgements: Acknowledgement[] = [];
  readonly boxes: HopBox[] = [];
  /** A test replaces these. */
  decide: (request: AuthorizationRequest) => Decision = () => APPROVE;
  decideReversal: (reverse: Reverse) => Decision = () => REVERSE;
  refusesBoxes: PaymentErrorCode | undefined;
  /** Signs with a key that is in no manifest, under the right key id. */
  forgesResults = false;
  readonly #keys: TestKeys;
  readonly #clock: Clock;
  readonly #hop: Agreement;
  readonly #sharedKeys: SharedKeys;
  readonly #resultSigner: Signer;
  readonly #streams = new Set<LiveStream<ProcessResponse, ProcessRequest>>();
  #server: MeshServer | undefined;
  #waiters: (() => void)[] = [];

  constructor(keys: TestKeys, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
    const folder = keys.folder("processor");
    const [hop] = folder.readKeys("hop");
    const [result] = folder.readKeys("result");
    if (hop === undefined || result === undefined) throw new Error("no processor keys");
    this.#hop = curves.agreement(hop.secretKey);
    this.#sharedKeys = new SharedKeys({ agreement: this.#hop, peersMax: 4 });
    this.#resultSigner = curves.signer(result.secretKey);
  }

  get address(): string {
    return this.#server?.address ?? "";
  }

  /** @param listen the address of an earlier one, to come back to the same place. */
  async start(listen = "127.0.0.1:0"): Promise<void> {
    this.#server = await serve({
      listen,
      services: [
        service(ProcessorService, {
          process: (stream) => this.#process(stream),
          getManifest: ({ haveNumber }) =>
            haveNumber === this.#keys.manifest.number
              ? {}
              : { manifest: this.#keys.delegatedManifest },
        }),
      ],
      clock: this.#clock,
      log: silentLog,
      limits: { messageBytesMax: 2_000_000 },
    });
  }

  /** Resolves when `isTrue`, looked at whenever something comes. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Answers the latest authorization now, on every stream. */
  answerLast(decision: Decision): void {
    const request = this.authorizations.at(-1);
    if (request === undefined) throw new Error("nothing was asked");
    for (const stream of this.#streams) {
      this.#reply(stream, request.requestNumber, decision, request);
    }
  }

  /** The connection breaks for everybody; the server goes on. */
  cutStreams(): void {
    for (const stream of [...this.#streams]) stream.fail(new ConnectError("cut", Code.Unavailable));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  #process(stream: FrameStream<ProcessResponse, ProcessRequest>): void {
    const live = liveStream(stream, {
      role: "server",
      schema: ProcessResponseSchema,
      program: "fake-processor/0",
      instance: "fake",
      clock: this.#clock,
      jitter: () => 0.5,
    });
    this.#streams.add(live);
    live.onEnd(() => this.#streams.delete(live));
    live.onFrame(({ frame }) => {
      if (frame.case === "box") this.#receive(live, frame.value);
    });
  }

  #receive(stream: LiveStream<ProcessResponse, ProcessRequest>, box: HopBox): void {
    this.boxes.push(box);
    if (this.refusesBoxes !== undefined) {
      const fault = faultOf(new PaymentError(this.refusesBoxes, "refused"));
      const value = { number: box.number, fault };
      stream.send(create(ProcessResponseSchema, { frame: { case: "boxRefused", value } }));
      this.#wake();
      return;
    }
    const payload = openHopBox({ ...this.#place("request"), box: box.sealed });
    const request = fromBinary(HopRequestSchema, payload);
    for (const authorization of request.authorizations) {
      this.authorizations.push(authorization);
      this.#reply(stream, authorization.requestNumber, this.decide(authorization), authorization);
    }
    for (const reversal of request.reversals) {
      const reverse = fromBinary(ReverseSchema, reversal.reverse?.reverse ?? new Uint8Array());
      this.reversals.push(reverse);
      this.reversalTypes.push(reversal.messageType);
      this.#reply(stream, reversal.requestNumber, this.decideReversal(reverse), reverse);
    }
    this.acknowledgements.push(...request.acknowledgements);
    this.#wake();
  }

  #reply(
    stream: LiveStream<ProcessResponse, ProcessRequest>,
    requestNumber: bigint,
    decision: Decision,
    about: AuthorizationRequest | Reverse,
  ): void {
    if (decision === "silence") return;
    const answer =
      "fault" in decision
        ? ({ case: "fault", value: faultOf(new PaymentError(decision.fault, "no")) } as const)
        : ({ case: "result", value: this.sign(decision.result, about) } as const);
    const answers = [create(AnswerSchema, { requestNumber, answer })];
    const payload = toBinary(HopAnswerSchema, create(HopAnswerSchema, { answers }));
    const place = this.#place("answer");
    const value = {
      number: 1n,
      relayKeyId: this.#keys.relay.hop.keyId,
      processorKeyId: this.#hop.keyId,
      sealed: sealHopBox({ ...place, random: this.#keys.random, payload }),
    };
    stream.send(create(ProcessResponseSchema, { frame: { case: "box", value } }));
  }

  /** A signed result about a payment or its reversal, right in all that `result` does not change. */
  sign(
    result: MessageInitShape<typeof ResultSchema>,
    about: AuthorizationRequest | Reverse,
  ): SignedResult {
    const body = toBinary(
      ResultSchema,
      create(ResultSchema, { version: 1, revision: 1, ...factsOf(about), ...result }),
    );
    const signer = this.forgesResults ? this.#keys.reader.signing : this.#resultSigner;
    const signature = sign("result", body, signer);
    const { keyId } = this.#resultSigner;
    return create(SignedResultSchema, { result: body, signature, keyId });
  }

  #place(direction: "request" | "answer") {
    return {
      sharedKeys: this.#sharedKeys,
      peerPublicKey: this.#keys.relay.hop.publicKey,
      direction,
      relayId: this.#keys.relay.relayId,
    };
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

/** What a right answer repeats of the request. */
function factsOf(about: AuthorizationRequest | Reverse): MessageInitShape<typeof ResultSchema> {
  const { recordNumber } = about;
  if (about.$typeName === "cardlane.payment.v1.Reverse") {
    const contextDigest = digest("payment-context", about.context);
    return { recordNumber, paymentId: about.paymentId, contextDigest };
  }
  const parsed = parseReaderPayment(about.payment?.readerPayment ?? new Uint8Array());
  const { context, contextBytes } = parsed;
  return {
    recordNumber,
    paymentId: context.wire.paymentId,
    contextDigest: digest("payment-context", contextBytes),
    approvedAmountMinor: context.amounts.totalMinor,
    currency: context.currency,
    retrievalReference: "000000000042",
    lastFour: "4242",
    scheme: "VISA",
    readerSerial: context.readerSerial,
  };
}
