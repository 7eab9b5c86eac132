import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { KeyPurpose } from "../gen/cardlane/keys/v1/keys_pb.ts";
import {
  Outcome,
  PaymentContextSchema,
  type PaymentFault,
  type Result,
  ReverseSchema,
  type SignedResult,
  type SignedReverse,
  SignedReverseSchema,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Answer,
  type AuthorizationRequest,
  AuthorizationRequestSchema,
  HopAnswerSchema,
  HopBoxSchema,
  HopRequestSchema,
  ProcessorService,
  type ProcessRequest,
  ProcessRequestSchema,
  type ProcessResponse,
} from "../gen/cardlane/processor/v1/processor_pb.ts";
import { dial, type MeshChannel } from "../mesh/client/dial.ts";
import { systemClock } from "../mesh/clock.ts";
import type { LiveStream } from "../mesh/stream/live-stream.ts";
import { liveStream } from "../mesh/stream/stream-life.ts";
import { enumName } from "../payment/enum-name.ts";
import { parseRelayId, paymentIdToBytes } from "../payment/identifiers.ts";
import { messageTypeOf, posEntryMode, REVERSAL_REASONS } from "../payment/iso8583.ts";
import { newRecordNumber, type RecordNumber } from "../payment/record-number.ts";
import { verifyBoxResults } from "../sealing/boxes/box-results.ts";
import { openHopBox, sealHopBox } from "../sealing/boxes/hop-box.ts";
import { verifySignedResult } from "../sealing/boxes/signed-result.ts";
import { SharedKeys } from "../sealing/curves/shared-keys.ts";
import { sign } from "../sealing/keys/dsse.ts";
import type { Manifest } from "../sealing/keys/manifest.ts";
import type { Random } from "../sealing/random.ts";
import type { RelayKeys } from "./device-maker.ts";
import type { ReaderSigned } from "./payment-signer.ts";

type HopEntries = MessageInitShape<typeof HopRequestSchema>;
type AuthorizationFields = MessageInitShape<typeof AuthorizationRequestSchema>;

/** A processor writes acknowledgements down in its own time. */
const CONFIRMED_WITHIN_MS = 10_000;

/** What a relay has and knows that speaks to a processor. */
interface PlayingKeys {
  readonly random: Random;
  readonly manifest: Manifest;
  readonly relay: RelayKeys;
}

/** What came back for one entry: a verified result, or a fault. */
export type Played =
  | {
      readonly result: Result;
      readonly signed: SignedResult;
      readonly fault?: undefined;
      readonly bytes: Uint8Array;
    }
  | { readonly fault: PaymentFault; readonly result?: undefined };

/** `"APPROVED 00"`, or the code of the fault. */
export function inWords({ result, fault }: Played): string {
  if (result === undefined) return fault.code;
  return `${enumName(Outcome, result.outcome)} ${result.responseCode}`;
}

/** Plays a relay towards a processor: boxes in order, no database, no retries. */
export class PlayingRelay implements AsyncDisposable {
  readonly relay: RelayKeys;
  /** For each box with a signature over all its results: whether that was right. */
  readonly boxSignatures: boolean[] = [];
  readonly #keys: PlayingKeys;
  readonly #channel: MeshChannel;
  readonly #live: LiveStream<ProcessRequest, ProcessResponse>;
  readonly #sharedKeys: SharedKeys;
  readonly #waiting = new Map<bigint, PromiseWithResolvers<Played>>();
  readonly #unconfirmed = new Map<bigint, PromiseWithResolvers<void>>();
  readonly #refused: PaymentFault[] = [];
  readonly #ended = Promise.withResolvers<void>();
  readonly #recordNumbers = new Map<string, RecordNumber>();
  #requestNumber = 0n;
  #boxNumber = 0n;

  constructor(options: {
    readonly keys: PlayingKeys;
    readonly address: string;
    readonly relay?: RelayKeys;
  }) {
    this.#keys = options.keys;
    this.relay = options.relay ?? options.keys.relay;
    this.#sharedKeys = new SharedKeys({ agreement: this.relay.hop, peersMax: 1 });
    this.#channel = dial({
      targets: [options.address],
      services: [ProcessorService],
      clock: systemClock,
    });
    const stream = this.#channel.openStream(ProcessorService.method.process);
    this.#live = liveStream(stream, {
      role: "client",
      schema: ProcessRequestSchema,
      program: "relay",
      instance: `relay-${this.relay.relayId}`,
      clock: systemClock,
      jitter: () => 0.5,
    });
    this.#live.onFrame((frame) => this.#receive(frame));
    this.#live.onEnd(() => this.#ended.resolve());
  }

  /** Boxes that were refused as a whole, in the order of their arrival. */
  get refused(): readonly PaymentFault[] {
    return this.#refused;
  }

  /** Submits one payment; a repeat has the same record number. */
  async authorize(payment: ReaderSigned, fields: AuthorizationFields = {}): Promise<Played> {
    const [played] = this.authorizeAll([payment], fields);
    if (played === undefined) throw new Error("bug: one was asked for");
    return await played;
  }

  /** Submits payments in one box. */
  authorizeAll(
    payments: readonly ReaderSigned[],
    fields: AuthorizationFields = {},
  ): readonly Promise<Played>[] {
    const requests = payments.map((payment) => this.#request(payment, fields));
    this.send({ authorizations: requests });
    return requests.map(({ requestNumber }) => this.#answerTo(requestNumber));
  }

  async reverse(signed: SignedReverse): Promise<Played> {
    const requestNumber = this.#nextRequestNumber();
    this.send({ reversals: [{ requestNumber, messageType: 400, reverse: signed }] });
    return await this.#answerTo(requestNumber);
  }

  /** The order to undo `payment`, as the relay signs it. */
  reverseOf(
    payment: ReaderSigned,
    fields: MessageInitShape<typeof ReverseSchema> = {},
  ): SignedReverse {
    const { merchantId } = fromBinary(PaymentContextSchema, payment.contextBytes);
    const reverse = toBinary(
      ReverseSchema,
      create(ReverseSchema, {
        version: 1,
        paymentId: paymentIdToBytes(payment.paymentId),
        merchantId,
        digest: payment.digest,
        relayId: this.relay.relayId,
        recordNumber: this.recordNumberOf(payment),
        reason: REVERSAL_REASONS.TIMEOUT,
        relayTimeMs: 1n,
        context: payment.contextBytes,
        ...fields,
      }),
    );
    const signature = sign("reverse", reverse, this.relay.signing);
    return create(SignedReverseSchema, { reverse, signature });
  }

  /** Resolves when the processor says that it has written it down. */
  async acknowledge(payment: ReaderSigned, revision: number): Promise<void> {
    const { merchantId } = fromBinary(PaymentContextSchema, payment.contextBytes);
    const paymentId = paymentIdToBytes(payment.paymentId);
    this.send({ acknowledgements: [{ merchantId, paymentId, revision }] });
    const confirmed = Promise.withResolvers<void>();
    this.#unconfirmed.set(this.#boxNumber, confirmed);
    using _patience = systemClock.timer(CONFIRMED_WITHIN_MS, () => {
      confirmed.reject(new Error("expected the box's number in acknowledged_boxes, got nothing"));
    });
    await confirmed.promise;
  }

  recordNumberOf(payment: ReaderSigned): RecordNumber {
    const known = this.#recordNumbers.get(payment.paymentId);
    const relayId = parseRelayId(this.relay.relayId);
    const recordNumber = known ?? newRecordNumber(relayId, 0, this.#keys.random.bytes(5));
    this.#recordNumbers.set(payment.paymentId, recordNumber);
    return recordNumber;
  }

  /** Seals any entries into a box, as they are. */
  send(entries: HopEntries, box: MessageInitShape<typeof HopBoxSchema> = {}): void {
    const nowMs = systemClock.nowMs();
    const processorHop = this.#keys.manifest.currentKey(KeyPurpose.PROCESSOR_HOP, nowMs);
    this.#boxNumber += 1n;
    const value = create(HopBoxSchema, {
      number: this.#boxNumber,
      relayKeyId: this.relay.hop.keyId,
      processorKeyId: processorHop.keyId,
      sealed: sealHopBox({
        sharedKeys: this.#sharedKeys,
        peerPublicKey: processorHop.publicKey,
        direction: "request",
        relayId: this.relay.relayId,
        random: this.#keys.random,
        payload: toBinary(HopRequestSchema, create(HopRequestSchema, entries)),
      }),
      ...box,
    });
    this.#live.send(create(ProcessRequestSchema, { frame: { case: "box", value } }));
  }

  /** Closes in order: what is owed still comes. */
  async close(): Promise<void> {
    this.#live.close();
    await this.#ended.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    this.#channel[Symbol.dispose]();
  }

  #request(payment: ReaderSigned, fields: AuthorizationFields): AuthorizationRequest {
    // Not checked here: a relay under test sends what a reader would never make.
    const context = fromBinary(PaymentContextSchema, payment.contextBytes);
    const request = create(AuthorizationRequestSchema, {
      requestNumber: this.#nextRequestNumber(),
      messageType: messageTypeOf(context.kind, false),
      recordNumber: this.recordNumberOf(payment),
      traceNumber: 1,
      posEntryMode: posEntryMode(context.entryMode),
      posConditionCode: "00",
      timeLeftMs: 30_000,
      payment: payment.signed,
    });
    return Object.assign(request, fields);
  }

  #nextRequestNumber(): bigint {
    this.#requestNumber += 1n;
    return this.#requestNumber;
  }

  #answerTo(requestNumber: bigint): Promise<Played> {
    const waiting = Promise.withResolvers<Played>();
    this.#waiting.set(requestNumber, waiting);
    return waiting.promise;
  }

  #receive({ frame }: ProcessResponse): void {
    if (frame.case === "boxRefused" && frame.value.fault !== undefined) {
      this.#refused.push(frame.value.fault);
      for (const waiting of this.#waiting.values()) waiting.resolve({ fault: frame.value.fault });
      this.#waiting.clear();
    }
    if (frame.case !== "box") return;
    const nowMs = systemClock.nowMs();
    const payload = openHopBox({
      sharedKeys: this.#sharedKeys,
      peerPublicKey: this.#keys.manifest.currentKey(KeyPurpose.PROCESSOR_HOP, nowMs).publicKey,
      direction: "answer",
      relayId: this.relay.relayId,
      box: frame.value.sealed,
    });
    const { answers, resultsSignature, acknowledgedBoxes } = fromBinary(HopAnswerSchema, payload);
    if (resultsSignature !== undefined) {
      const { manifest } = this.#keys;
      const { relayId } = this.relay;
      this.boxSignatures.push(verifyBoxResults({ relayId, answers, resultsSignature, manifest }));
    }
    for (const answer of answers) this.#settle(answer);
    for (const number of acknowledgedBoxes) this.#unconfirmed.get(number)?.resolve();
  }

  #settle({ requestNumber, answer }: Answer): void {
    const waiting = this.#waiting.get(requestNumber);
    this.#waiting.delete(requestNumber);
    if (answer.case === "fault") waiting?.resolve({ fault: answer.value });
    if (answer.case !== "result") return;
    const result = verifySignedResult({ signed: answer.value, manifest: this.#keys.manifest });
    waiting?.resolve({ result, signed: answer.value, bytes: answer.value.result });
  }
}
