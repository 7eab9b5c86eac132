import { expect, test } from "vitest";
import { PaymentError } from "../payment/errors.ts";
import { GroupCommit } from "./group-commit.ts";
import { ManualClock } from "./testing/manual-clock.ts";

/** Records every flush; resolves one only when told to. */
function heldFlush() {
  const flushes: number[][] = [];
  const releases: (() => void)[] = [];
  const flush = (items: readonly number[]) => {
    flushes.push([...items]);
    return new Promise<number[]>((resolve) => {
      releases.push(() => resolve(items.map((item) => item * 10)));
    });
  };
  return { flush, flushes, release: () => releases.shift()?.() };
}

/** Fails every flush that contains one of `poisoned`. */
function poisonedFlush(poisoned: readonly number[]) {
  const flushes: number[][] = [];
  const flush = async (items: readonly number[]) => {
    flushes.push([...items]);
    const bad = items.find((item) => poisoned.includes(item));
    if (bad !== undefined) throw new PaymentError("INTERNAL", `item ${bad}`);
    return items;
  };
  return { flush, flushes };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test("what is added in one turn is flushed together, each item gets its own answer", async () => {
  const { flush, flushes } = poisonedFlush([]);
  const group = new GroupCommit({ flush });
  expect(await Promise.all([1, 2, 3].map((item) => group.add(item)))).toEqual([1, 2, 3]);
  expect(flushes).toEqual([[1, 2, 3]]);
});

test("what comes while a flush runs goes into the next one", async () => {
  const { flush, flushes, release } = heldFlush();
  const group = new GroupCommit({ flush });
  const first = group.add(1);
  await nextTurn();
  const later = [group.add(2), group.add(3)];
  await nextTurn();
  expect(flushes).toEqual([[1]]);
  expect(group.waitingCount).toBe(2);
  release();
  expect(await first).toBe(10);
  await nextTurn();
  release();
  expect(await Promise.all(later)).toEqual([20, 30]);
  expect(flushes).toEqual([[1], [2, 3]]);
});

test("a flush takes at most itemsMax items", async () => {
  const { flush, flushes } = poisonedFlush([]);
  const group = new GroupCommit({ flush, itemsMax: 2 });
  await Promise.all([1, 2, 3, 4, 5].map((item) => group.add(item)));
  expect(flushes).toEqual([[1, 2], [3, 4], [5]]);
});

test.each([
  { name: "the first", poisoned: [0] },
  { name: "one in the middle", poisoned: [5] },
  { name: "the last", poisoned: [7] },
  { name: "two neighbours", poisoned: [3, 4] },
  { name: "all", poisoned: [0, 1, 2, 3, 4, 5, 6, 7] },
])("a poisoned item harms only itself: $name", async ({ poisoned }) => {
  const { flush } = poisonedFlush(poisoned);
  const group = new GroupCommit({ flush });
  const items = [0, 1, 2, 3, 4, 5, 6, 7];
  const outcomes = await Promise.allSettled(items.map((item) => group.add(item)));
  const rejected = items.filter((item) => outcomes[item]?.status === "rejected");
  expect(rejected).toEqual(poisoned);
});

test("a store that is not reached is not asked again for each item", async () => {
  const flushes: number[] = [];
  const group = new GroupCommit<number, number>({
    flush: async (items) => {
      flushes.push(items.length);
      throw new PaymentError("STORE_NOT_REACHED", "connection lost");
    },
  });
  const outcomes = await Promise.allSettled([1, 2, 3].map((item) => group.add(item)));
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(flushes).toEqual([3]);
});

test("a full queue refuses with OVERLOADED and takes items again afterwards", async () => {
  const { flush, release } = heldFlush();
  const group = new GroupCommit({ flush, waitingMax: 1 });
  const running = group.add(1);
  await nextTurn();
  const waiting = group.add(2);
  await expect(group.add(3)).rejects.toMatchObject({
    code: "OVERLOADED",
    message: "at most 1 may wait to be written",
  });
  release();
  expect(await running).toBe(10);
  await nextTurn();
  release();
  expect(await waiting).toBe(20);
});

test("a flush that answers too few is a bug for every item", async () => {
  const group = new GroupCommit<number, number>({ flush: async () => [] });
  await expect(group.add(1)).rejects.toThrow("bug: 1 items were flushed, 0 answers came");
});

test("idle waits for everything that was added", async () => {
  const { flush, release } = heldFlush();
  const group = new GroupCommit({ flush });
  await group.idle();
  const answers: number[] = [];
  void group.add(1).then((answer) => answers.push(answer));
  const idle = group.idle();
  await nextTurn();
  release();
  await idle;
  expect(answers).toEqual([10]);
});

test("paced: the first goes at once, what comes soon waits until 10 ms are over", async () => {
  const clock = new ManualClock();
  const { flush, flushes } = poisonedFlush([]);
  const group = new GroupCommit({ flush, pace: { clock } });
  await group.add(1);
  const soon = [group.add(2), group.add(3)];
  await clock.advance(9);
  expect(flushes).toEqual([[1]]);
  soon.push(group.add(4));
  await clock.advance(1);
  expect(await Promise.all(soon)).toEqual([2, 3, 4]);
  expect(flushes).toEqual([[1], [2, 3, 4]]);
});

test("paced: after a pause nothing waits, and neither does a full flush", async () => {
  const clock = new ManualClock();
  const { flush, flushes } = poisonedFlush([]);
  const group = new GroupCommit({ flush, itemsMax: 2, pace: { clock } });
  await group.add(1);
  await clock.advance(10);
  await group.add(2);
  await Promise.all([group.add(3), group.add(4)]);
  expect(flushes).toEqual([[1], [2], [3, 4]]);
  expect(clock.pendingCount).toBe(0);
});
