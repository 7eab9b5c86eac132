import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type Acknowledgement,
  type HopBox,
  type HopRequest,
  HopRequestSchema,
  type ProcessRequest,
  type ProcessResponse,
  ProcessResponseSchema,
  type ReversalRequest,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import type { LiveStream } from "../../mesh/stream/live-stream.ts";
import { OwedAnswers } from "../../mesh/stream/owed-answers.ts";
import { liveStream } from "../../mesh/stream/stream-life.ts";
import { faultOf, PaymentError } from "../../payment/errors.ts";
import { parseMerchantId, paymentIdFromBytes } from "../../payment/identifiers.ts";
import { openHopBox } from "../../sealing/boxes/hop-box.ts";
import type { CheckedRelayCertificate } from "../../sealing/keys/certificates.ts";
import { jitterFrom } from "../../sealing/random.ts";
import { SealedDataRejected } from "../../sealing/sealed-data-rejected.ts";
import type { Acknowledged } from "../authorization/acknowledge-statement.ts";
import type { AuthorizationRun } from "../authorization/authorization-run.ts";
import type { ProcessorKeys } from "../keys/processor-keys.ts";
import { type EntryAnswer, faultAnswer } from "../payments/entry-answer.ts";
import type { ProcessorSurroundings } from "../processor-surroundings.ts";
import type { CertificateCache } from "../registry/certificate-cache.ts";
import type { ReversalDesk } from "../reversal/reversal-desk.ts";
import { openReverse } from "../reversal/reverse-order.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import { AnswerBoxes, type Hop } from "./answer-boxes.ts";

/** cardlane.processor.v1.HopBox.sealed and HopRequest. */
export const HOP_BOX_BYTES_MAX = 1_048_576;
const ENTRIES_MAX = 256;
/** Boxes of one stream that may be worked on at the same time; then it is not read. */
const BOXES_MAX = 32;

export interface ProcessParts {
  readonly authorizations: AuthorizationRun;
  readonly reversals: ReversalDesk;
  readonly acknowledgements: Acknowledgements;
  readonly certificates: CertificateCache;
  readonly keys: Pick<ProcessorKeys, "hop" | "manifest">;
  readonly around: ProcessorSurroundings;
}

/** One relay's stream: boxes in, boxes of answers out. */
export class ProcessStream {
  readonly #parts: ProcessParts;
  readonly #live: LiveStream<ProcessResponse, ProcessRequest>;
  readonly #owed: OwedAnswers;
  readonly #answers: AnswerBoxes;
  /** By hop key id in hex; asked for once per stream. */
  readonly #relays = new Map<string, Promise<CheckedRelayCertificate>>();
  #isWritable = true;

  constructor(stream: FrameStream<ProcessResponse, ProcessRequest>, parts: ProcessParts) {
    this.#parts = parts;
    const { speaker, clock, random, faults } = parts.around;
    const schema = ProcessResponseSchema;
    const jitter = jitterFrom(random);
    this.#live = liveStream(stream, { ...speaker, role: "server", schema, clock, jitter });
    this.#answers = new AnswerBoxes(random, (value) => {
      faults.deliver("processor.answer", () => this.#send({ case: "box", value }));
    });
    this.#owed = new OwedAnswers(() => {
      this.#answers.flush();
      this.#live.close();
    });
    this.#live.onWritable(() => {
      this.#isWritable = true;
      this.#regulate();
    });
    this.#live.onFrame(({ frame }) => {
      if (frame.case !== "box") {
        throw new PaymentError("MALFORMED_REQUEST", "a frame must carry box");
      }
      const box = frame.value;
      faults.deliver("processor.request", () => void this.#take(box));
    });
    this.#live.onClose(() => this.#owed.closeWhenPaid());
  }

  /**
   * Reads no more than can be worked on, and nothing for a relay that does not read its answers.
   */
  #regulate(): void {
    if (this.#isWritable && this.#owed.count < BOXES_MAX) this.#live.resume();
    else this.#live.pause();
  }

  async #take(box: HopBox): Promise<void> {
    const work = this.#owed.during(() => this.#process(box));
    this.#regulate();
    await work;
    this.#regulate();
  }

  async #process(box: HopBox): Promise<void> {
    try {
      const relay = await this.#relay(box.relayKeyId);
      const sharedKeys = this.#parts.keys.hop(box.processorKeyId);
      const hop = { relay, sharedKeys, processorKeyId: box.processorKeyId };
      await this.#answerAll(openRequest(box, hop), box.number, hop);
    } catch (error) {
      this.#refuse(box, error);
    }
  }

  #refuse(box: HopBox, error: unknown): void {
    const { log } = this.#parts.around;
    const fields = { peerIdentity: this.#live.peer.identity, bytes: box.sealed.length };
    if (error instanceof SealedDataRejected) {
      const reason = error.reasonForSecurityLog();
      log.security("sealed_data_rejected", "a relay's box was refused", { ...fields, reason });
    } else if (error instanceof PaymentError) {
      log.warn("a relay's box was refused", { ...fields, errorCode: error.code });
    } else {
      log.failure("a relay's box could not be read", error, fields);
    }
    this.#send({ case: "boxRefused", value: { number: box.number, fault: faultOf(error) } });
  }

  /** @throws PaymentError NOT_PERMITTED, CERTIFICATE_REJECTED or STORE_NOT_REACHED. */
  #relay(hopKeyId: Uint8Array): Promise<CheckedRelayCertificate> {
    const name = Buffer.from(hopKeyId).toString("hex");
    const known = this.#relays.get(name);
    if (known !== undefined) return known;
    const asked = this.#findRelay(hopKeyId);
    this.#relays.set(name, asked);
    // A relay that is registered meanwhile must not have to open another stream.
    asked.catch(() => this.#relays.delete(name));
    return asked;
  }

  async #findRelay(hopKeyId: Uint8Array): Promise<CheckedRelayCertificate> {
    const { certificates, keys, around } = this.#parts;
    const relay = await certificates.relay(hopKeyId, around.clock.nowMs());
    const { identity } = this.#live.peer;
    // In plaintext nobody has an identity: then the box itself is the proof.
    if (identity !== undefined && !identity.endsWith(`/relay/${relay.relayId}`)) {
      throw new PaymentError("NOT_PERMITTED", "this relay's boxes come from another identity");
    }
    if (keys.manifest.isRevoked(relay.id)) {
      throw new PaymentError("NOT_PERMITTED", "relay certificate is revoked");
    }
    return relay;
  }

  async #answerAll(request: HopRequest, box: bigint, hop: Hop): Promise<void> {
    const { relay } = hop;
    const authorized = this.#parts.authorizations.authorize(request.authorizations, relay.relayId);
    const notSupported = [...request.instructions, ...request.completions];
    await Promise.all([
      this.#acknowledge(request, box, hop),
      ...request.authorizations.map(({ requestNumber, traceparent }, index) =>
        this.#answer(hop, requestNumber, traceparent, authorized[index]),
      ),
      ...request.reversals.map((one) =>
        this.#answer(hop, one.requestNumber, one.traceparent, this.#reverse(one, relay)),
      ),
      ...notSupported.map(({ requestNumber, traceparent }) =>
        this.#answer(hop, requestNumber, traceparent, Promise.reject(unsupported())),
      ),
    ]);
  }

  async #answer(
    hop: Hop,
    requestNumber: bigint,
    traceparent: string,
    pending: Promise<EntryAnswer> | undefined,
  ): Promise<void> {
    try {
      const answer = await pending;
      if (answer !== undefined) this.#answers.add(hop, requestNumber, answer);
    } catch (error) {
      if (!(error instanceof PaymentError)) {
        this.#parts.around.log.failure("an entry could not be processed", error, { traceparent });
      }
      this.#answers.add(hop, requestNumber, faultAnswer(asPaymentError(error)));
    }
  }

  async #reverse(
    { reverse, traceparent }: ReversalRequest,
    relay: CheckedRelayCertificate,
  ): Promise<EntryAnswer> {
    const { reversals, around } = this.#parts;
    const order = openReverse(reverse, relay);
    const { paymentId, recordNumber } = order;
    const span = around.telemetry.spanOf(traceparent, "processor.reverse", "server", {
      paymentId,
      recordNumber,
    });
    try {
      const answer = await reversals.reverse({ order, span });
      span.end(answer.kind === "fault" ? answer.error.code : undefined);
      return answer;
    } catch (error) {
      span.end(asPaymentError(error).code);
      throw error;
    }
  }

  async #acknowledge(request: HopRequest, box: bigint, hop: Hop): Promise<void> {
    if (request.acknowledgements.length === 0) return;
    const acknowledged = request.acknowledgements.flatMap((one) => this.#readable(one, hop));
    const isWritten = await this.#parts.acknowledgements.add(acknowledged);
    if (isWritten) this.#answers.addAcknowledged(hop, box);
  }

  /** One that nobody can read is not worth a repeat. */
  #readable(one: Acknowledgement, { relay: { relayId } }: Hop): readonly Acknowledged[] {
    try {
      const merchantId = parseMerchantId(one.merchantId);
      const paymentId = paymentIdFromBytes(one.paymentId);
      return [{ merchantId, paymentId, relayId, revision: one.revision }];
    } catch (error) {
      this.#parts.around.log.failure("an acknowledgement could not be read", error);
      return [];
    }
  }

  #send(frame: NonNullable<MessageInitShape<typeof ProcessResponseSchema>["frame"]>): void {
    this.#isWritable = this.#live.send(create(ProcessResponseSchema, { frame }));
  }
}

/** @throws PaymentError SEALED_DATA_REJECTED or MALFORMED_REQUEST. */
function openRequest(box: HopBox, { relay, sharedKeys }: Hop): HopRequest {
  const payload = openHopBox({
    sharedKeys,
    peerPublicKey: relay.hopKey,
    direction: "request",
    relayId: relay.relayId,
    box: box.sealed,
  });
  let request: HopRequest;
  try {
    request = fromBinary(HopRequestSchema, payload);
  } catch (cause) {
    throw new PaymentError("MALFORMED_REQUEST", "box must hold a HopRequest", { cause });
  }
  const lists = [
    request.authorizations,
    request.reversals,
    request.instructions,
    request.acknowledgements,
    request.completions,
  ];
  const count = lists.reduce((sum, { length }) => sum + length, 0);
  if (count < 1 || count > ENTRIES_MAX) {
    throw new PaymentError("MALFORMED_REQUEST", `box must hold 1 to ${ENTRIES_MAX}, got ${count}`);
  }
  return request;
}

function unsupported(): PaymentError {
  return new PaymentError("NOT_SUPPORTED", "instructions and completions are not processed yet");
}

function asPaymentError(error: unknown): PaymentError {
  return error instanceof PaymentError ? error : new PaymentError("INTERNAL", "internal error");
}
