import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  type Acknowledgement,
  AcknowledgementSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { LanesBench, numbered } from "../testing/lanes-bench.ts";
import { BOX_ENTRIES_MAX } from "./processor-lanes.ts";

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

test("without a stream they wait for the next one", async () => {
  await using bench = LanesBench.unanswered();
  bench.lanes.acknowledge(acknowledgements(1, 2));
  await bench.clock.advance(100);
  await bench.answer();
  expect(await bench.arrived()).toEqual([]);
  await bench.clock.advance(100);
  expect(await bench.arrived()).toEqual([{ payments: 0, acknowledged: [1, 2] }]);
});

test("what the processor has written down is confirmed once, by its box", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 2));
  bench.sendPayments(1);
  bench.lanes.acknowledge(acknowledgements(3, 3));
  bench.sendPayments(1);
  await bench.confirm(2n);
  expect(bench.confirmed).toEqual([3]);
  await bench.confirm(2n, 1n, 7n);
  expect(bench.confirmed).toEqual([3, 1, 2]);
});

test("what is not confirmed goes again after ten seconds, and only that", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 1));
  bench.sendPayments(1);
  bench.lanes.acknowledge(acknowledgements(2, 2));
  bench.sendPayments(1);
  await bench.confirm(2n);
  await bench.clock.advance(9_000);
  bench.lanes.repeatAcknowledgements();
  await bench.clock.advance(999);
  expect(await bench.arrived()).toHaveLength(2);
  bench.lanes.repeatAcknowledgements();
  await bench.clock.advance(1);
  bench.lanes.repeatAcknowledgements();
  await bench.clock.advance(100);
  expect((await bench.arrived()).slice(2)).toEqual([{ payments: 0, acknowledged: [1] }]);
  await bench.confirm(3n);
  expect(bench.confirmed).toEqual([2, 1]);
});

test("what a stream did not confirm before its end goes on the next one", async () => {
  await using bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 2));
  bench.sendPayments(1);
  expect(await bench.arrived()).toEqual([{ payments: 1, acknowledged: [1, 2] }]);
  await bench.cut();
  await bench.clock.advance(1_000);
  expect((await bench.arrived()).slice(1)).toEqual([{ payments: 0, acknowledged: [1, 2] }]);
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
  expect(boxes.slice(0, 64)).toEqual(Array(64).fill({ payments: 1, acknowledged: [] }));
  expect(boxes.slice(64)).toEqual([{ payments: 1, acknowledged: [1] }]);
});

test("nothing waits for its time once the lanes are closed", async () => {
  const bench = await LanesBench.start();
  bench.lanes.acknowledge(acknowledgements(1, 1));
  await bench[Symbol.asyncDispose]();
  expect(bench.clock.pendingCount).toBe(0);
});

/** Told apart by revision, from `first` to `last`. */
function acknowledgements(first: number, last: number): Acknowledgement[] {
  return numbered(last - first + 1).map((_, index) =>
    create(AcknowledgementSchema, { revision: first + index }),
  );
}
