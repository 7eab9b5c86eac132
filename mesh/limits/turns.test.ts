import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

/** Beginnings that write down their names, and keep their places. */
function watched(atOnceMax: number) {
  const turns = new Turns(atOnceMax);
  const begun: string[] = [];
  const overs = new Map<string, () => void>();
  return {
    begun,
    over: (name: string) => overs.get(name)?.(),
    enter: (name: string) =>
      turns.enter((over) => {
        begun.push(name);
        overs.set(name, over);
      }),
  };
}

/** Two turns: the order of what one turn does is nobody's promise. */
async function turn(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

test("calls begin in their order, in a later turn, and so many have a place", async () => {
  const { enter, begun, over } = watched(2);
  for (const name of ["a", "b", "c", "d"]) enter(name);
  expect(begun).toEqual([]);
  await turn();
  expect(begun).toEqual(["a", "b"]);
  over("b");
  over("b");
  expect(begun).toEqual(["a", "b"]);
  await turn();
  expect(begun).toEqual(["a", "b", "c"]);
});

test("a call that is withdrawn before its turn never begins", async () => {
  const { enter, begun } = watched(2);
  const withdraw = enter("a");
  enter("b");
  withdraw();
  await turn();
  expect(begun).toEqual(["b"]);
});
