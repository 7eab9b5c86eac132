import { expect, test } from "vitest";
import { errorFrom } from "../../test/error-from.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RateLimits } from "./rate-limits.ts";

const RATE = { perSecond: 10, burst: 3 };

function drained(clock: ManualClock): RateLimits {
  const limits = new RateLimits(RATE, clock);
  for (let taken = 0; taken < RATE.burst; taken += 1) limits.take("a");
  return limits;
}

test("a burst is taken, and no more, and the refusal says when to come back", () => {
  const limits = drained(new ManualClock());
  expect(errorFrom(() => limits.take("a"))).toEqual({
    code: "OVERLOADED",
    message: "at most 10 a second, 3 at once",
  });
  expect(() => limits.take("a")).toThrow(expect.objectContaining({ retryAfterMs: 100 }));
});

test.each([
  { name: "just before the next token", afterMs: 99, isTaken: false },
  { name: "with the next token", afterMs: 100, isTaken: true },
])("$name", async ({ afterMs, isTaken }) => {
  const clock = new ManualClock();
  const limits = drained(clock);
  await clock.advance(afterMs);
  expect(takes(limits, "a")).toBe(isTaken);
});

test("refused calls cost nothing", async () => {
  const clock = new ManualClock();
  const limits = drained(clock);
  for (let asked = 0; asked < 50; asked += 1) takes(limits, "a");
  await clock.advance(100);
  expect(takes(limits, "a")).toBe(true);
});

test("a long pause gives one burst, not more", async () => {
  const clock = new ManualClock();
  const limits = drained(clock);
  await clock.advance(3_600_000);
  const taken = [1, 2, 3, 4].map(() => takes(limits, "a"));
  expect(taken).toEqual([true, true, true, false]);
});

test("another caller feels nothing of it", () => {
  expect(takes(drained(new ManualClock()), "b")).toBe(true);
});

test("who was silent for longest is forgotten, never who asks too much", () => {
  const limits = drained(new ManualClock());
  for (let caller = 0; caller < 9_999; caller += 1) limits.take(`caller ${caller}`);
  expect(takes(limits, "a")).toBe(false);
  limits.take("one more");
  expect(takes(limits, "a")).toBe(false);
});

test.each([
  { perSecond: 0, burst: 1 },
  { perSecond: 1, burst: 0 },
  { perSecond: Number.NaN, burst: 1 },
])("a rate of $perSecond a second, $burst at once is a bug", (rate) => {
  expect(() => new RateLimits(rate, new ManualClock())).toThrow("bug: a rate of");
});

function takes(limits: RateLimits, caller: string): boolean {
  try {
    limits.take(caller);
    return true;
  } catch {
    return false;
  }
}
