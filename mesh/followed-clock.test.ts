import { expect, test } from "vitest";
import { FollowedClock } from "./followed-clock.ts";
import { ManualClock } from "./testing/manual-clock.ts";

const THEIRS_MS = 1_800_000_000_000;

test("before the first look it is the own clock", () => {
  const own = new ManualClock();
  expect(new FollowedClock(own, async () => THEIRS_MS).nowMs()).toBe(own.nowMs());
});

test("after a look it is theirs, and goes on by the monotonic clock", async () => {
  const own = new ManualClock();
  const clock = new FollowedClock(own, async () => THEIRS_MS);
  await clock.look();
  expect(clock.nowMs()).toBe(THEIRS_MS);
  await own.advance(1_500);
  expect(clock.nowMs()).toBe(THEIRS_MS + 1_500);
});

test("an answer that took long moves nothing that it does not contradict", async () => {
  const own = new ManualClock();
  let delayMs = 0;
  const clock = new FollowedClock(own, async () => {
    const theirMs = THEIRS_MS + own.monotonicMs();
    await own.advance(delayMs);
    return theirMs;
  });
  await clock.look();
  delayMs = 800;
  await clock.look();
  expect(clock.nowMs()).toBe(THEIRS_MS + own.monotonicMs());
});

test("it follows theirs when that jumps, and goes on when nobody answers", async () => {
  const own = new ManualClock();
  let jumpedMs = 0;
  let isAway = false;
  using clock = new FollowedClock(own, async () => {
    if (isAway) throw new Error("away");
    return THEIRS_MS + own.monotonicMs() + jumpedMs;
  });
  await clock.look();
  clock.follow();
  jumpedMs = -7_200_000;
  await own.advance(5_000);
  expect(clock.nowMs()).toBe(THEIRS_MS + own.monotonicMs() + jumpedMs);
  isAway = true;
  await own.advance(5_000);
  expect(clock.nowMs()).toBe(THEIRS_MS + own.monotonicMs() + jumpedMs);
  isAway = false;
  jumpedMs = 86_400_000;
  await own.advance(5_000);
  expect(clock.nowMs()).toBe(THEIRS_MS + own.monotonicMs() + jumpedMs);
});

test("it looks no more once it is disposed of", async () => {
  const own = new ManualClock();
  const clock = new FollowedClock(own, async () => THEIRS_MS);
  clock.follow();
  clock[Symbol.dispose]();
  expect(own.pendingCount).toBe(0);
});
