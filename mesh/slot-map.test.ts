import { expect, test } from "vitest";
import { SlotMap } from "./slot-map.ts";

function filled(): SlotMap<number, string> {
  const map = new SlotMap<number, string>();
  for (const [key, value] of [
    [1, "one"],
    [2, "two"],
    [3, "three"],
  ] as const) {
    map.set(key, value);
  }
  return map;
}

test("it is a map", () => {
  const map = filled();
  expect(map.get(2)).toBe("two");
  expect(map.has(4)).toBe(false);
  expect(map.get(4)).toBeUndefined();
  expect(map.size).toBe(3);
  expect([...map.values()]).toEqual(["one", "two", "three"]);
});

test("what is deleted is gone, once", () => {
  const map = filled();
  expect(map.delete(2)).toBe(true);
  expect(map.delete(2)).toBe(false);
  expect(map.has(2)).toBe(false);
  expect(map.size).toBe(2);
  expect([...map.values()]).toEqual(["one", "three"]);
});

test("what is set again has the new value, at the end", () => {
  const map = filled();
  map.set(1, "first");
  expect(map.size).toBe(3);
  expect([...map.values()]).toEqual(["two", "three", "first"]);
});

test("values may be deleted while they are looked at", () => {
  const map = filled();
  const seen: string[] = [];
  for (const value of map.values()) {
    seen.push(value);
    map.delete(1);
    map.delete(2);
  }
  expect(seen).toEqual(["one", "three"]);
});
