import { afterEach, expect, test, vi } from "vitest";
import { systemRandom } from "./random.ts";
import { seededRandom } from "./testing/seeded-random.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([0, 1, 24, 32, 512])("the system's generator gives %i bytes", (length) => {
  expect(systemRandom.bytes(length)).toHaveLength(length);
});

test("the system's generator does not repeat itself", () => {
  const drawn = Array.from({ length: 1_000 }, () => systemRandom.bytes(16).join());
  expect(new Set(drawn).size).toBe(1_000);
});

test("one seed gives one stream, however it is cut", () => {
  const whole = seededRandom(7).bytes(300);
  const random = seededRandom(7);
  const cut = [1, 63, 64, 65, 107].flatMap((length) => [...random.bytes(length)]);
  expect(cut).toEqual([...whole]);
});

test("another seed gives another stream", () => {
  expect(seededRandom(7).bytes(32)).not.toEqual(seededRandom(8).bytes(32));
});

test("a seeded generator refuses to run in production", () => {
  vi.stubEnv("NODE_ENV", "production");
  expect(() => seededRandom(7)).toThrow("bug: a seeded generator must not run in production");
});
