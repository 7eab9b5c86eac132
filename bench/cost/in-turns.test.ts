import { describe, expect, test } from "vitest";
import { type Contender, takeTurns, warmUp } from "./in-turns.ts";
import type { ContenderRun } from "./round.ts";

const quiet = { postgresMicros: 500, clientMicros: 100, perSecond: 2_000, foreignShare: 0 };
const good = {
  micros: { relay: 100 },
  loadMicros: 10,
  perSecond: 3_000,
  p50: 1,
  p99: 2,
  foreignShare: 0,
  faults: [],
  loadMs: 1_000,
};
const bad = { ...good, faults: ["failures: 1 (NO_ANSWER)"] };

/** What runs, in order: "T1" is the first TPC-B. */
function recorded() {
  const order: string[] = [];
  const contender = (name: string, runs: readonly ContenderRun[] = []): Contender => {
    let run = -1;
    return {
      name,
      run: async () => {
        run += 1;
        order.push(name);
        return runs[run] ?? good;
      },
    };
  };
  let count = 0;
  const yardstick = async () => {
    count += 1;
    order.push(`T${count}`);
    return { ...quiet, perSecond: count };
  };
  return { order, contender, yardstick };
}

const plan = { runMs: 1_000, rounds: 2, mayRepeat: () => false, say: () => undefined };

describe("turns", () => {
  test("are taken forwards and backwards, with the yardstick before and after each", async () => {
    const { order, contender, yardstick } = recorded();
    const contenders = [contender("A"), contender("B")];
    const found = await takeTurns({ ...plan, contenders, yardstick });
    expect(order.join(" ")).toBe("T1 A T2 B T3 B T4 A T5");
    const around = (name: string) =>
      found.get(name)?.map(({ before, after }) => [before.perSecond, after.perSecond]);
    expect(around("A")).toEqual([
      [1, 2],
      [4, 5],
    ]);
    expect(around("B")).toEqual([
      [2, 3],
      [3, 4],
    ]);
  });

  test.each([
    { what: "all count", runs: [good, good], mayRepeat: () => true, count: 2 },
    { what: "one is lost", runs: [bad, good], mayRepeat: () => true, count: 3 },
    { what: "two are lost", runs: [bad, good, bad], mayRepeat: () => true, count: 4 },
    { what: "the time is over", runs: [bad, good, bad], mayRepeat: () => false, count: 2 },
  ])("are $count when $what", async ({ runs, mayRepeat, count }) => {
    const { contender, yardstick } = recorded();
    const contenders = [contender("A", runs), contender("B")];
    const found = await takeTurns({ ...plan, contenders, yardstick, mayRepeat });
    expect(found.get("A")).toHaveLength(count);
    expect(found.get("B")).toHaveLength(count);
  });

  test("say which rounds do not count, and why", async () => {
    const { contender, yardstick } = recorded();
    const said: string[] = [];
    const say = (line: string) => void said.push(line);
    await takeTurns({ ...plan, contenders: [contender("A", [bad])], yardstick, say });
    expect(said).toEqual([
      expect.stringContaining("does not count: failures: 1 (NO_ANSWER)"),
      expect.not.stringContaining("does not count"),
    ]);
  });
});

describe("warming up", () => {
  test.each([
    { what: "in one go", loadMs: 6_000, runs: 1 },
    { what: "again, where payments ran out", loadMs: 2_500, runs: 3 },
    { what: "and ends where nothing runs", loadMs: 0, runs: 10 },
  ])("is done $what", async ({ loadMs, runs }) => {
    const { order, contender } = recorded();
    const short = Array.from({ length: 100 }, () => ({ ...good, loadMs }));
    await warmUp(contender("A", short), 6_000);
    expect(order).toHaveLength(runs);
  });
});
