import { expect, test, vi } from "vitest";
import { type Clock, systemClock, TIMER_MS_MAX } from "./clock.ts";
import { ManualClock } from "./testing/manual-clock.ts";

test("timers run in the order in which they fall due", async () => {
  const clock = new ManualClock();
  const events: string[] = [];
  clock.timer(20, () => events.push(`b at ${clock.monotonicMs()}`));
  clock.timer(10, () => {
    events.push(`a at ${clock.monotonicMs()}`);
    clock.timer(5, () => events.push(`c at ${clock.monotonicMs()}`));
  });
  await clock.advance(19);
  expect(events).toEqual(["a at 10", "c at 15"]);
  await clock.advance(1);
  expect(events).toEqual(["a at 10", "c at 15", "b at 20"]);
});

test("a loop of sleeps proceeds within one advance", async () => {
  const clock = new ManualClock();
  let rounds = 0;
  const looping = (async () => {
    while (rounds < 5) {
      await clock.sleep(100);
      rounds += 1;
    }
  })();
  await clock.advance(450);
  expect(rounds).toBe(4);
  await clock.advance(50);
  await looping;
  expect(clock.nowMs()).toBe(1_767_225_600_500);
});

test("a timer that is cancelled does not run", async () => {
  const clock = new ManualClock();
  let hasRun = false;
  const timer = clock.timer(1, () => {
    hasRun = true;
  });
  timer.cancel();
  await clock.advance(10);
  expect({ hasRun, pending: clock.pendingCount }).toEqual({ hasRun: false, pending: 0 });
});

const CLOCKS: readonly { name: string; clock: Clock }[] = [
  { name: "the system's", clock: systemClock },
  { name: "a manual one", clock: new ManualClock() },
];

test.each(CLOCKS)("a sleep ends with the signal's reason ($name)", async ({ clock }) => {
  const controller = new AbortController();
  const sleeping = clock.sleep(60_000, controller.signal);
  controller.abort(new Error("no longer"));
  await expect(sleeping).rejects.toThrow("no longer");
});

test.each(CLOCKS)("a sleep does not begin when the signal is over ($name)", async ({ clock }) => {
  const sleeping = clock.sleep(60_000, AbortSignal.abort(new Error("too late")));
  await expect(sleeping).rejects.toThrow("too late");
});

test("the system's clock wakes up", async () => {
  const startMs = systemClock.monotonicMs();
  await systemClock.sleep(5);
  expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(4);
});

test("a timer of months waits for all of it", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on("warning", onWarning);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    let hasRun = false;
    systemClock.timer(2.5 * TIMER_MS_MAX, () => {
      hasRun = true;
    });
    using cancelled = systemClock.timer(2.5 * TIMER_MS_MAX, () => {
      throw new Error("it was cancelled");
    });
    vi.advanceTimersByTime(2 * TIMER_MS_MAX);
    cancelled.cancel();
    vi.advanceTimersByTime(TIMER_MS_MAX / 2 - 1);
    expect(hasRun).toBe(false);
    vi.advanceTimersByTime(2);
    expect(hasRun).toBe(true);
  } finally {
    vi.useRealTimers();
    process.off("warning", onWarning);
  }
  expect(warnings).toEqual([]);
});
