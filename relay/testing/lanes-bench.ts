import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect } from "vitest";
import {
  HopAnswerSchema,
  HopBoxSchema,
  HopRequestSchema,
  type ProcessRequest,
  type ProcessResponse,
  ProcessResponseSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { LiveStream } from "../../mesh/stream/live-stream.ts";
import { liveStream } from "../../mesh/stream/stream-life.ts";
import { type FrameStreamPair, frameStreamPair } from "../../mesh/testing/frame-stream-pair.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import type { RelayId } from "../../payment/identifiers.ts";
import { openHopBox, sealHopBox } from "../../sealing/boxes/hop-box.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import { SharedKeys } from "../../sealing/curves/shared-keys.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { ProcessorLanes } from "../forwarding/processor-lanes.ts";
import { relayAround } from "./relay-around.ts";

/** What one box brought: how many payments, and the revisions that it acknowledges. */
interface Arrived {
  readonly payments: number;
  readonly acknowledged: readonly number[];
}

/** Lanes to one processor, on a stream in memory and a clock that the test moves. */
export class LanesBench implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly lanes: ProcessorLanes;
  /** Revisions whose acknowledgement was confirmed. */
  readonly confirmed: number[] = [];
  readonly #keys = new TestKeys({ nowMs: this.clock.nowMs() });
  #pair: FrameStreamPair<ProcessRequest, ProcessResponse> = frameStreamPair();
  #live: LiveStream<ProcessResponse, ProcessRequest> | undefined;
  readonly #arrived: Arrived[] = [];

  /** The stream is open. */
  static async start(): Promise<LanesBench> {
    const bench = LanesBench.unanswered();
    await bench.answer();
    return bench;
  }

  /** The processor has not said Hello yet. */
  static unanswered(): LanesBench {
    const bench = new LanesBench();
    bench.lanes.open({
      onAnswers: () => {},
      onBoxRefused: () => {},
      onAcknowledged: (confirmed) => {
        bench.confirmed.push(...confirmed.map(({ revision }) => revision));
      },
      onUp: () => {},
      onWritable: () => {},
      onOver: () => {},
    });
    return bench;
  }

  private constructor() {
    const { manifest, relay, random } = this.#keys;
    const link = {
      name: "memory",
      openStream: () => this.#pair.client,
      getManifest: async () => undefined,
    };
    const around = relayAround(this.clock, { relayId: relay.relayId as RelayId, random });
    this.lanes = new ProcessorLanes([link], relay.hop, { current: manifest }, around);
  }

  async answer(): Promise<void> {
    const live = liveStream<typeof ProcessResponseSchema, ProcessRequest>(this.#pair.server, {
      role: "server",
      schema: ProcessResponseSchema,
      program: "processor/test",
      instance: "P1",
      clock: this.clock,
      jitter: () => 0.5,
    });
    live.onFrame((frame) => this.#receive(frame));
    this.#live = live;
    await this.clock.advance(0);
  }

  /** The processor has written down what came in these boxes. */
  async confirm(...acknowledgedBoxes: bigint[]): Promise<void> {
    const { relay, random } = this.#keys;
    const agreement = this.#processorHop();
    const payload = toBinary(HopAnswerSchema, create(HopAnswerSchema, { acknowledgedBoxes }));
    const value = create(HopBoxSchema, {
      number: 1n,
      relayKeyId: relay.hop.keyId,
      processorKeyId: agreement.keyId,
      sealed: sealHopBox({
        sharedKeys: new SharedKeys({ agreement, peersMax: 1 }),
        peerPublicKey: relay.hop.publicKey,
        direction: "answer",
        relayId: relay.relayId,
        random,
        payload,
      }),
    });
    this.#live?.send(create(ProcessResponseSchema, { frame: { case: "box", value } }));
    await this.clock.advance(0);
  }

  /** The connection is cut, and the processor answers on the next one. */
  async cut(): Promise<void> {
    const { cut } = this.#pair;
    this.#pair = frameStreamPair();
    cut();
    await this.clock.advance(1_000);
    await this.answer();
  }

  sendPayments(count: number): void {
    expect(this.lanes.send({ authorizations: numbered(count) })).toBeDefined();
  }

  pause(): void {
    this.#pair.server.pause();
  }

  resume(): void {
    this.#pair.server.resume();
  }

  /** Everything that came until now. */
  async arrived(): Promise<readonly Arrived[]> {
    await this.clock.advance(0);
    return this.#arrived;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume();
    await this.lanes[Symbol.asyncDispose]();
    this.#keys[Symbol.dispose]();
  }

  #processorHop() {
    const [hop] = this.#keys.folder("processor").readKeys("hop");
    return curves.agreement(hop?.secretKey ?? new Uint8Array(32));
  }

  #receive({ frame }: ProcessRequest): void {
    expect(frame.case).toBe("box");
    const { sealed } = frame.value as Extract<typeof frame, { case: "box" }>["value"];
    const agreement = this.#processorHop();
    const payload = openHopBox({
      sharedKeys: new SharedKeys({ agreement, peersMax: 1 }),
      peerPublicKey: this.#keys.relay.hop.publicKey,
      direction: "request",
      relayId: this.#keys.relay.relayId,
      box: sealed,
    });
    const request = fromBinary(HopRequestSchema, payload);
    this.#arrived.push({
      payments: request.authorizations.length,
      acknowledged: request.acknowledgements.map(({ revision }) => revision),
    });
  }
}

/** So many entries of a box. */
export function numbered(count: number): { readonly requestNumber: bigint }[] {
  return Array.from({ length: count }, (_, index) => ({ requestNumber: BigInt(index + 1) }));
}
