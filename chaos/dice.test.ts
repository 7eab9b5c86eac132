import { expect, test } from "vitest";
import { Dice } from "./dice.ts";

test("the same seed throws the same, another seed something else", () => {
  const thrown = (seed: string) => {
    const dice = new Dice(seed);
    return Array.from({ length: 20 }, () => dice.between(1, 1_000));
  };
  expect(thrown("1 till")).toEqual(thrown("1 till"));
  expect(thrown("1 till")).not.toEqual(thrown("1 load"));
});

test("both ends of a range come up, and nothing beyond them", () => {
  const dice = new Dice("range");
  const thrown = new Set(Array.from({ length: 500 }, () => dice.between(2, 4)));
  expect([...thrown].sort()).toEqual([2, 3, 4]);
});

test("what never happens does not, and what always happens does", () => {
  const dice = new Dice("chance");
  const thrown = Array.from({ length: 100 }, () => [dice.happens(0), dice.happens(1)]);
  expect(thrown.every(([never, always]) => never === false && always === true)).toBe(true);
});

test("everything is picked some time, and from nothing there is no picking", () => {
  const dice = new Dice("pick");
  const picked = new Set(Array.from({ length: 200 }, () => dice.pick(["a", "b", "c"])));
  expect([...picked].sort()).toEqual(["a", "b", "c"]);
  expect(() => dice.pick([])).toThrow("bug: there is nothing to pick from");
});
