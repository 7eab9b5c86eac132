import { create, fromBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  type Acknowledgement,
  AcknowledgementSchema,
  HopRequestSchema,
  type ProcessRequest,
  type ProcessResponse,
  ProcessResponseSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { liveStream } from "../../mesh/stream/stream-life.ts";
import { type FrameStreamPair, frameStreamPair } from "../../mesh/testing/frame-stream-pair.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import type { RelayId } from "../../payment/identifiers.ts";
import { openHopBox } from "../../sealing/boxes/hop-box.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import { SharedKeys } from "../../sealing/curves/shared-keys.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { relayAround } from "../testing/relay-around.ts";
import { BOX_ENTRIES_MAX, ProcessorLanes } from "./processor-lanes.ts";

/** What one box brought: how many payments, and the revisions that it acknowledges. */
interface Arrived {
  readonly payments: number;
  readonly acknowledged: readonly number[];
}

test("acknowledgements ride in the next box", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 2));
  bench.lanes.acknowledge(acknowledgements(3, 3));
  await bench.clock.advance(99);
  bench.sendPayments(2);
  expect(await bench.arrived()).toEqual([{ payments: 2, acknowledged: [1, 2, 3] }]);
});

test("they ride with reversals too", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 1));
  bench.lanes.send({ reversals: [{ requestNumber: 1n }] });
  expect(await bench.arrived()).toEqual([{ payments: 0, acknowledged: [1] }]);
});

test("they go alone when no box follows within 100 ms of the first", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 1));
  await bench.clock.advance(60);
  bench.lanes.acknowledge(acknowledgements(2, 2));
  await bench.clock.advance(39);
  expect(await bench.arrived()).toEqual([]);
  await bench.clock.advance(1);
  expect(await bench.arrived()).toEqual([{ payments: 0, acknowledged: [1, 2] }]);
});

test("nothing to acknowledge sends no box, and does not begin the 100 ms", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge([]);
  await bench.clock.advance(50);
  bench.lanes.acknowledge(acknowledgements(1, 1));
  await bench.clock.advance(99);
  expect(await bench.arrived()).toEqual([]);
  await bench.clock.advance(1);
  expect(await bench.arrived()).toEqual([{ payments: 0, acknowledged: [1] }]);
});

test("those that rode in a box do not go alone as well, nor in the next box", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 2));
  bench.sendPayments(1);
  await bench.clock.advance(1_000);
  bench.sendPayments(1);
  expect(await bench.arrived()).toEqual([
    { payments: 1, acknowledged: [1, 2] },
    { payments: 1, acknowledged: [] },
  ]);
});

test("those that went alone do not go again; later ones wait for 100 ms again", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 1));
  await bench.clock.advance(100);
  bench.lanes.acknowledge(acknowledgements(2, 2));
  await bench.clock.advance(99);
  expect(await bench.arrived()).toEqual([{ payments: 0, acknowledged: [1] }]);
  await bench.clock.advance(1);
  bench.sendPayments(1);
  expect(await bench.arrived()).toEqual([
    { payments: 0, acknowledged: [1] },
    { payments: 0, acknowledged: [2] },
    { payments: 1, acknowledged: [] },
  ]);
});

test("a box that is full of payments leaves them for the next", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 3));
  bench.sendPayments(BOX_ENTRIES_MAX);
  bench.sendPayments(BOX_ENTRIES_MAX - 1);
  bench.sendPayments(1);
  expect(await bench.arrived()).toEqual([
    { payments: BOX_ENTRIES_MAX, acknowledged: [] },
    { payments: BOX_ENTRIES_MAX - 1, acknowledged: [1] },
    { payments: 1, acknowledged: [2, 3] },
  ]);
});

test("reversals take their room in a box as well", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 3));
  const reversals = numbered(BOX_ENTRIES_MAX - 2);
  bench.lanes.send({ authorizations: [{ requestNumber: 900n }], reversals });
  expect(await bench.arrived()).toEqual([{ payments: 1, acknowledged: [1] }]);
});

test("more than a box holds go alone in several", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, BOX_ENTRIES_MAX + 1));
  await bench.clock.advance(100);
  const [first, second, ...others] = await bench.arrived();
  expect(first?.acknowledged).toHaveLength(BOX_ENTRIES_MAX);
  expect(second).toEqual({ payments: 0, acknowledged: [BOX_ENTRIES_MAX + 1] });
  expect(others).toEqual([]);
});

test("without a stream they are dropped when they are due", async () => {
  await using bench = LanesBench.unanswered();
  bench.lanes.acknowledge(acknowledgements(1, 2));
  await bench.clock.advance(100);
  await bench.answer();
  bench.sendPayments(1);
  expect(await bench.arrived()).toEqual([{ payments: 1, acknowledged: [] }]);
});

test("a stream that opens in time takes them", async () => {
  await using bench = LanesBench.unanswered();
  bench.lanes.acknowledge(acknowledgements(1, 2));
  await bench.clock.advance(50);
  await bench.answer();
  await bench.clock.advance(50);
  expect(await bench.arrived()).toEqual([{ payments: 0, acknowledged: [1, 2] }]);
});

test("a processor that reads slowly gets none on their own", async () => {
  await using bench = await LanesBench.start();
  bench.pause();
  for (const _ of numbered(64)) bench.sendPayments(1);
  expect(bench.lanes.isWritable).toBe(false);
  bench.lanes.acknowledge(acknowledgements(1, 1));
  await bench.clock.advance(100);
  bench.resume();
  bench.sendPayments(1);
  const boxes = await bench.arrived();
  expect(boxes).toEqual(Array(65).fill({ payments: 1, acknowledged: [] }));
});

test("nothing waits for its time once the lanes are closed", async () => {
  const bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 1));
  await bench[Symbol.asyncDispose]();
  expect(bench.clock.pendingCount).toBe(0);
});

/** Lanes to one processor, on a stream in memory and a clock that the test moves. */
class LanesBench implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly lanes: ProcessorLanes;
  readonly #keys = new TestKeys({ nowMs: this.clock.nowMs() });
  readonly #pair: FrameStreamPair<ProcessRequest, ProcessResponse> = frameStreamPair();
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
    await this.clock.advance(0);
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

  #receive({ frame }: ProcessRequest): void {
    expect(frame.case).toBe("box");
    const { sealed } = frame.value as Extract<typeof frame, { case: "box" }>["value"];
    const [hop] = this.#keys.folder("processor").readKeys("hop");
    const agreement = curves.agreement(hop?.secretKey ?? new Uint8Array(32));
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

/** Told apart by revision, from `first` to `last`. */
function acknowledgements(first: number, last: number): Acknowledgement[] {
  return numbered(last - first + 1).map((_, index) =>
    create(AcknowledgementSchema, { revision: first + index }),
  );
}

function numbered(count: number): { readonly requestNumber: bigint }[] {
  return Array.from({ length: count }, (_, index) => ({ requestNumber: BigInt(index + 1) }));
}
