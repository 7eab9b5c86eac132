import { describe, expect, test } from "vitest";
import type { Acknowledgement } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { createLog } from "../../mesh/log.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { parseMerchantId, parsePaymentId } from "../../payment/identifiers.ts";
import { relayAround } from "../testing/relay-around.ts";
import { AcknowledgementKeeper } from "./acknowledgement-keeper.ts";
import type { CommittedResult, Mark, ResultPage } from "./acknowledgement-store.ts";

const LOOK_MS = 2_000;

function resultOf(revision: number): CommittedResult {
  return {
    merchantId: parseMerchantId("CORNERCOFFEE001"),
    paymentId: parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b60"),
    revision,
  };
}

/** A log of changes in memory, and a processor that confirms what the test says. */
class KeeperBench implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly lines: string[] = [];
  /** Of each mark that was written. */
  readonly marks: bigint[] = [];
  readonly forgotten: Mark[] = [];
  readonly keeper: AcknowledgementKeeper;
  settled = 101n;
  own = 100n;
  left: Mark | undefined;
  /** By the position that is asked for. */
  pages = new Map<bigint, ResultPage>();
  isOpen = true;
  #acknowledged: Acknowledgement[] = [];

  constructor() {
    const log = createLog({ program: "relay", instance: "test" }, this.clock, "info", {
      write: (line) => void this.lines.push(JSON.parse(line).message),
    });
    const around = relayAround(this.clock, { log });
    const bench = this;
    const lanes = {
      acknowledge: (some: readonly Acknowledgement[]) => void this.#acknowledged.push(...some),
      repeatAcknowledgements: () => undefined,
      get isOpen() {
        return bench.isOpen;
      },
    };
    const store = {
      settled: async () => this.settled,
      open: async () => ({ position: this.own, isNew: false }),
      mark: async (position: bigint) => void this.marks.push(position),
      page: async (after: bigint) =>
        this.pages.get(after) ?? { results: [], upTo: this.settled - 1n, isLast: true },
      leftBehind: async () => this.left,
      forget: async (mark: Mark) => {
        this.forgotten.push(mark);
        this.left = undefined;
      },
    };
    this.keeper = new AcknowledgementKeeper(store, lanes, around);
  }

  /** The first round is over: nothing is behind this instance's mark. */
  async started(): Promise<void> {
    this.keeper.start();
    await this.clock.advance(LOOK_MS);
    this.marks.length = 0;
  }

  commit(ticket: number, revision: number | undefined): void {
    const result = revision === undefined ? undefined : resultOf(revision);
    this.keeper.committed([{ ticket, result }]);
  }

  /** Revisions that were acknowledged since the last time. */
  takeAcknowledged(): readonly number[] {
    return this.#acknowledged.map(({ revision }) => revision);
  }

  confirm(...revisions: number[]): void {
    const confirmed = this.#acknowledged.filter(({ revision }) => revisions.includes(revision));
    this.#acknowledged = this.#acknowledged.filter((one) => !confirmed.includes(one));
    this.keeper.confirmed(confirmed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keeper[Symbol.asyncDispose]();
  }
}

describe("the mark", () => {
  test("moves to the end of the log once all before is confirmed", async () => {
    await using bench = new KeeperBench();
    await bench.started();
    bench.commit(bench.keeper.expect(), 1);
    bench.settled = 201n;
    await bench.clock.advance(LOOK_MS * 3);
    expect(bench.marks).toEqual([]);
    bench.confirm(1);
    await bench.clock.advance(LOOK_MS);
    expect(bench.marks).toEqual([200n]);
  });

  test("waits for an outcome of which nobody knows yet whether it is committed", async () => {
    await using bench = new KeeperBench();
    await bench.started();
    const ticket = bench.keeper.expect();
    bench.settled = 301n;
    await bench.clock.advance(LOOK_MS * 2);
    expect(bench.marks).toEqual([]);
    bench.commit(ticket, undefined);
    await bench.clock.advance(LOOK_MS);
    expect(bench.marks).toEqual([300n]);
  });

  test("does not wait for what came after the end of the log was read", async () => {
    await using bench = new KeeperBench();
    await bench.started();
    bench.commit(bench.keeper.expect(), 1);
    bench.settled = 201n;
    await bench.clock.advance(LOOK_MS);
    bench.commit(bench.keeper.expect(), 2);
    bench.confirm(1);
    await bench.clock.advance(LOOK_MS);
    expect(bench.marks).toEqual([200n]);
  });

  test("is written now and then as a sign of life, and else only when there is news", async () => {
    await using bench = new KeeperBench();
    await bench.started();
    for (let look = 0; look < 8; look += 1) await bench.clock.advance(LOOK_MS);
    expect(bench.marks).toEqual([]);
    for (let look = 0; look < 4; look += 1) await bench.clock.advance(LOOK_MS);
    expect(bench.marks).toEqual([100n]);
  });

  test("stays where it was, as a sign of life, while a processor confirms nothing", async () => {
    await using bench = new KeeperBench();
    await bench.started();
    bench.commit(bench.keeper.expect(), 1);
    bench.settled = 900n;
    for (let look = 0; look < 12; look += 1) await bench.clock.advance(LOOK_MS);
    expect(bench.marks).toEqual([100n]);
  });
});

describe("what the log has behind the mark", () => {
  test("is acknowledged once more by the next run, page by page", async () => {
    await using bench = new KeeperBench();
    bench.pages.set(100n, { results: [resultOf(1), resultOf(2)], upTo: 140n, isLast: false });
    bench.pages.set(140n, { results: [resultOf(3)], upTo: 200n, isLast: true });
    bench.keeper.start();
    await bench.clock.advance(LOOK_MS);
    expect(bench.takeAcknowledged()).toEqual([1, 2]);
    bench.confirm(1, 2);
    await bench.clock.advance(LOOK_MS);
    expect([bench.takeAcknowledged(), bench.marks]).toEqual([[3], [100n, 140n]]);
    bench.confirm(3);
    await bench.clock.advance(LOOK_MS);
    expect(bench.marks.slice(1, 3)).toEqual([140n, 200n]);
  });

  test("of an instance that is away is acknowledged, and its mark forgotten then", async () => {
    await using bench = new KeeperBench();
    await bench.started();
    const left = { instance: "A2", position: 40n };
    bench.left = left;
    bench.pages.set(40n, { results: [resultOf(7)], upTo: 100n, isLast: true });
    for (let look = 0; look < 16; look += 1) await bench.clock.advance(LOOK_MS);
    expect([bench.takeAcknowledged(), bench.forgotten]).toEqual([[7], []]);
    bench.confirm(7);
    await bench.clock.advance(LOOK_MS);
    expect(bench.forgotten).toEqual([left]);
  });

  test("is read again when there was too much to remember", async () => {
    await using bench = new KeeperBench();
    await bench.started();
    for (let revision = 1; revision <= 20_001; revision += 1) {
      bench.commit(bench.keeper.expect(), revision);
    }
    bench.settled = 50_000n;
    bench.confirm(...Array.from({ length: 20_001 }, (_, index) => index + 1));
    bench.pages.set(100n, { results: [resultOf(30_000)], upTo: 49_999n, isLast: true });
    await bench.clock.advance(LOOK_MS);
    expect([bench.takeAcknowledged(), bench.marks]).toEqual([[30_000], []]);
    bench.confirm(30_000);
    await bench.clock.advance(LOOK_MS);
    expect(bench.marks[0]).toBe(49_999n);
  });
});

describe("an alarm", () => {
  const MINUTE_MS = 60_000;
  const ALARM = "the processor has not confirmed acknowledgements for ten minutes";
  const minutes = async (bench: KeeperBench, count: number) => {
    for (let look = 0; look < (count * MINUTE_MS) / LOOK_MS; look += 1) {
      await bench.clock.advance(LOOK_MS);
    }
  };

  test("is logged once, after ten minutes with a processor in reach", async () => {
    await using bench = new KeeperBench();
    await bench.started();
    bench.commit(bench.keeper.expect(), 1);
    await minutes(bench, 9);
    expect(bench.lines).toEqual([]);
    await minutes(bench, 5);
    expect(bench.lines).toEqual([ALARM]);
    bench.confirm(1);
    await minutes(bench, 1);
    expect(bench.lines).toEqual([ALARM, "the processor confirms acknowledgements again"]);
  });

  test("is not logged while no processor is in reach, and ten minutes from then on", async () => {
    await using bench = new KeeperBench();
    await bench.started();
    bench.commit(bench.keeper.expect(), 1);
    bench.isOpen = false;
    await minutes(bench, 30);
    bench.isOpen = true;
    await minutes(bench, 9);
    expect(bench.lines).toEqual([]);
    await minutes(bench, 2);
    expect(bench.lines).toEqual([ALARM]);
  });
});
