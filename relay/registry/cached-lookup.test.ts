import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { CachedLookup, type Loaded, type Read } from "./cached-lookup.ts";

/** Counts what is asked for; knows the length of every word but "nobody". */
function wordLengths(clock: ManualClock, entriesMax = 10) {
  const asked: string[][] = [];
  const read: Read<string, number> = async (words) => {
    asked.push([...words]);
    const known = words.filter((word) => word !== "nobody");
    return new Map(known.map((word) => [word, word.length]));
  };
  const isFresh = ({ loadedAtMs }: Loaded<number>) => clock.monotonicMs() < loadedAtMs + 1_000;
  const lookup = new CachedLookup(read, isFresh, clock, { entriesMax });
  return { lookup, asked };
}

/** One whose values stay fresh until they expire. */
function lastingLookup(read: Read<string, number>): CachedLookup<string, number> {
  return new CachedLookup(read, () => true, new ManualClock(), { entriesMax: 10 });
}

test("what is asked for in one turn is one query, each key once", async () => {
  const { lookup, asked } = wordLengths(new ManualClock());
  const words = ["one", "three", "one", "nobody"];
  expect(await Promise.all(words.map((word) => lookup.get(word)))).toEqual([3, 5, 3, undefined]);
  expect(asked).toEqual([["one", "three", "nobody"]]);
});

test("a value is kept while it is fresh, and so is absence", async () => {
  const clock = new ManualClock();
  const { lookup, asked } = wordLengths(clock);
  await Promise.all([lookup.get("one"), lookup.get("nobody")]);
  await clock.advance(999);
  expect(await Promise.all([lookup.get("one"), lookup.get("nobody")])).toEqual([3, undefined]);
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  await lookup.get("one");
  expect(asked).toEqual([["one", "nobody"], ["one"]]);
});

test("what has expired is asked for again, by someone who is told what it was", async () => {
  const stale: unknown[] = [];
  const read: Read<string, number> = async (words, staleOf) => {
    stale.push(...words.map((word) => staleOf(word)));
    return new Map(words.map((word) => [word, word.length]));
  };
  const lookup = lastingLookup(read);
  await lookup.get("one");
  lookup.expire();
  expect(await lookup.get("one")).toBe(3);
  expect(stale).toEqual([undefined, 3]);
  await lookup.get("one");
  expect(stale).toHaveLength(2);
});

test("what was being loaded when everything expired has expired", async () => {
  const loads: PromiseWithResolvers<ReadonlyMap<string, number>>[] = [];
  const lookup = lastingLookup(() => {
    const load = Promise.withResolvers<ReadonlyMap<string, number>>();
    loads.push(load);
    return load.promise;
  });
  const before = lookup.get("one");
  await nextTurn();
  lookup.expire();
  loads[0]?.resolve(new Map([["one", 1]]));
  expect(await before).toBe(1);
  const after = lookup.get("one");
  await nextTurn();
  loads[1]?.resolve(new Map([["one", 2]]));
  expect(await after).toBe(2);
});

test("the oldest entry makes room", async () => {
  const { lookup, asked } = wordLengths(new ManualClock(), 2);
  for (const word of ["a", "b", "c"]) await lookup.get(word);
  await lookup.get("c");
  await lookup.get("b");
  expect(asked).toHaveLength(3);
  await lookup.get("a");
  expect(asked).toHaveLength(4);
});
