import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { KeyPurpose, type ManifestKey } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { type PaymentFault, PaymentFaultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Acknowledgement,
  type HopAnswer,
  HopAnswerSchema,
  type HopBox,
  HopBoxSchema,
  HopRequestSchema,
  type ProcessRequest,
  ProcessRequestSchema,
  type ProcessResponse,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { Timer } from "../../mesh/clock.ts";
import { type LastingStream, lastingStream } from "../../mesh/stream/lasting-stream.ts";
import { PaymentError } from "../../payment/errors.ts";
import { openHopBox, sealHopBox } from "../../sealing/boxes/hop-box.ts";
import type { Agreement } from "../../sealing/curves/curves.ts";
import { SharedKeys } from "../../sealing/curves/shared-keys.ts";
import { SealedDataRejected } from "../../sealing/sealed-data-rejected.ts";
import type { RelaySurroundings } from "../relay-surroundings.ts";
import { AcknowledgementQueue, type SentBox } from "./acknowledgement-queue.ts";
import type { ManifestKeeper } from "./manifest-keeper.ts";
import type { ProcessorLink } from "./processor-link.ts";

/** Entries of one box. */
export const BOX_ENTRIES_MAX = 256;
/** How long an acknowledgement waits for a box that goes anyway. */
const ACKNOWLEDGE_WITHIN_MS = 100;
/** A box with as many answers as that, each with a signed result. */
const FRAME_BYTES_MAX = 1_048_576;
/** The keys of all processors, old and new during a rotation. */
const SHARED_KEYS_MAX = 16;

/** What is asked of a processor; what was committed is acknowledged with it. */
type BoxEntries = Pick<MessageInitShape<typeof HopRequestSchema>, "authorizations" | "reversals">;

/** What comes of the streams. */
interface LaneEvents {
  readonly onAnswers: (box: HopAnswer) => void;
  readonly onBoxRefused: (box: SentBox, fault: PaymentFault) => void;
  /** The processor has written them down. */
  readonly onAcknowledged: (acknowledgements: readonly Acknowledgement[]) => void;
  /** A stream is open that was not there before. */
  readonly onUp: () => void;
  /** A stream takes boxes again. */
  readonly onWritable: () => void;
  /** What was sent on this stream and not answered must be sent again. */
  readonly onOver: (lane: number, stream: number) => void;
}

/** One lasting stream to each processor; they carry everyone's payments in boxes. */
export class ProcessorLanes implements AsyncDisposable {
  readonly #links: readonly ProcessorLink[];
  readonly #hop: Agreement;
  readonly #manifests: Pick<ManifestKeeper, "current">;
  readonly #around: RelaySurroundings;
  readonly #sharedKeys: SharedKeys;
  readonly #lanes: Lane[] = [];
  #lastUsed = 0;
  #lastRequestNumber = 0n;
  readonly #acknowledgements = new AcknowledgementQueue();
  #acknowledgementsDue: Timer | undefined;

  constructor(
    links: readonly ProcessorLink[],
    hop: Agreement,
    manifests: Pick<ManifestKeeper, "current">,
    around: RelaySurroundings,
  ) {
    this.#links = links;
    this.#hop = hop;
    this.#manifests = manifests;
    this.#around = around;
    this.#sharedKeys = new SharedKeys({ agreement: hop, peersMax: SHARED_KEYS_MAX });
  }

  /** Of payments and of reversals alike: an answer names the one that it is about. */
  nextRequestNumber(): bigint {
    this.#lastRequestNumber += 1n;
    return this.#lastRequestNumber;
  }

  open(events: LaneEvents): void {
    for (const [index, link] of this.#links.entries()) this.#openLane(index, link, events);
  }

  /** Whether there is a stream, and a key to seal with. */
  get isOpen(): boolean {
    return (
      this.#processorKey() !== undefined && this.#lanes.some(({ stream }) => stream.number > 0)
    );
  }

  /** Whether `send` would take a box now: a stream is open and its peer keeps up. */
  get isWritable(): boolean {
    return this.#processorKey() !== undefined && this.#nextLane() !== undefined;
  }

  /**
   * Goes with the next box; on its own where none follows soon. Repeated until the processor says
   * that it has written it down.
   */
  acknowledge(acknowledgements: readonly Acknowledgement[]): void {
    this.#acknowledgements.add(acknowledgements);
    this.#planAcknowledgements();
  }

  /** Those that no processor has confirmed for long. */
  repeatAcknowledgements(): void {
    this.#acknowledgements.repeatOld(this.#around.clock.monotonicMs());
    this.#planAcknowledgements();
  }

  /**
   * @param entries at most BOX_ENTRIES_MAX.
   * @returns undefined when no stream took it: nothing was sent.
   */
  send(entries: BoxEntries): SentBox | undefined {
    const lane = this.#nextLane();
    const key = this.#processorKey();
    if (lane === undefined || key === undefined) return undefined;
    const number = lane.nextBox;
    const acknowledgements = this.#acknowledgements.take(roomBeside(entries));
    const request = { ...entries, acknowledgements: [...acknowledgements] };
    const box = create(HopBoxSchema, {
      number,
      relayKeyId: this.#hop.keyId,
      processorKeyId: key.keyId,
      sealed: sealHopBox({
        sharedKeys: this.#sharedKeys,
        peerPublicKey: key.publicKey,
        direction: "request",
        relayId: this.#around.relayId,
        random: this.#around.random,
        payload: toBinary(HopRequestSchema, create(HopRequestSchema, request)),
      }),
    });
    const stream = lane.stream.send(
      create(ProcessRequestSchema, { frame: { case: "box", value: box } }),
    );
    if (stream === 0) {
      this.#acknowledgements.putBack(acknowledgements);
      return undefined;
    }
    lane.nextBox += 1n;
    this.#lastUsed = lane.index;
    const sent = { lane: lane.index, stream, number };
    this.#acknowledgements.sent(sent, acknowledgements, this.#around.clock.monotonicMs());
    return sent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#acknowledgementsDue?.cancel();
    await Promise.all(this.#lanes.map(({ stream }) => stream.close()));
  }

  /** Where there is no stream they wait for the next one. */
  #planAcknowledgements(): void {
    if (this.#acknowledgements.isEmpty) return;
    this.#acknowledgementsDue ??= this.#around.clock.timer(ACKNOWLEDGE_WITHIN_MS, () => {
      this.#acknowledgementsDue = undefined;
      while (!this.#acknowledgements.isEmpty && this.send({}) !== undefined);
    });
  }

  #openLane(index: number, link: ProcessorLink, events: LaneEvents): void {
    const { program, instance, clock, jitter, log } = this.#around;
    const stream = lastingStream<typeof ProcessRequestSchema, ProcessResponse>({
      open: () => link.openStream(),
      schema: ProcessRequestSchema,
      program,
      instance,
      frameBytesMax: FRAME_BYTES_MAX,
      clock,
      jitter,
      onFrame: (frame, number) => this.#receive(frame, events, index, number),
      onUp: (number) => {
        lane.nextBox = 1n;
        lane.opened = number;
        log.info("stream to the processor is open", { address: link.name, streamNumber: number });
        this.#planAcknowledgements();
        events.onUp();
      },
      onWritable: () => events.onWritable(),
      onOver: (number, end) => {
        const fields = { address: link.name, streamNumber: number, status: end.code };
        // A processor that is away is tried for as long as it takes.
        if (number <= lane.opened) log.info("stream to the processor is over", fields);
        this.#acknowledgements.streamOver(index, number);
        this.#planAcknowledgements();
        events.onOver(index, number);
      },
    });
    const lane: Lane = { index, stream, nextBox: 1n, opened: 0 };
    this.#lanes.push(lane);
  }

  /** One after the other among those that can take something. */
  #nextLane(): Lane | undefined {
    const writable = this.#lanes.filter(({ stream }) => stream.isWritable);
    return writable.find(({ index }) => index > this.#lastUsed) ?? writable[0];
  }

  #processorKey(): ManifestKey | undefined {
    const nowMs = this.#around.clock.nowMs();
    const manifest = this.#manifests.current;
    if (manifest === undefined || !manifest.isValidAt(nowMs)) return undefined;
    try {
      return manifest.currentKey(KeyPurpose.PROCESSOR_HOP, nowMs);
    } catch (error) {
      if (error instanceof PaymentError) return undefined;
      throw error;
    }
  }

  #receive({ frame }: ProcessResponse, events: LaneEvents, lane: number, stream: number): void {
    if (frame.case === "boxRefused") {
      const { number, fault } = frame.value;
      const box = { lane, stream, number };
      events.onBoxRefused(box, fault ?? create(PaymentFaultSchema, { code: "INTERNAL" }));
    } else if (frame.case === "box") {
      const answers = this.#opened(frame.value);
      if (answers === undefined) return;
      for (const number of answers.acknowledgedBoxes) {
        events.onAcknowledged(this.#acknowledgements.confirmed({ lane, stream, number }));
      }
      if (answers.answers.length > 0) events.onAnswers(answers);
    } else {
      throw new ConnectError("a frame must carry a box or box_refused", Code.InvalidArgument);
    }
  }

  #opened(box: HopBox): HopAnswer | undefined {
    const key = this.#manifests.current?.findKey(KeyPurpose.PROCESSOR_HOP, box.processorKeyId);
    try {
      if (key === undefined) throw new SealedDataRejected("public key");
      const payload = openHopBox({
        sharedKeys: this.#sharedKeys,
        peerPublicKey: key.publicKey,
        direction: "answer",
        relayId: this.#around.relayId,
        box: box.sealed,
      });
      return fromBinary(HopAnswerSchema, payload);
    } catch (error) {
      if (!(error instanceof SealedDataRejected)) throw error;
      // No answer is worth more than a wrong one: the payments are repeated, then reversed.
      this.#around.log.warn("a box from the processor was rejected", { errorCode: error.code });
      return undefined;
    }
  }
}

/** As many acknowledgements as there is room for beside these entries. */
function roomBeside({ authorizations = [], reversals = [] }: BoxEntries): number {
  return BOX_ENTRIES_MAX - authorizations.length - reversals.length;
}

interface Lane {
  readonly index: number;
  readonly stream: LastingStream<ProcessRequest>;
  nextBox: bigint;
  /** Number of the latest stream that was open. */
  opened: number;
}
