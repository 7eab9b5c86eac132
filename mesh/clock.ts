/**
 * Where time comes from. Everything of cardlane that waits or stamps takes a Clock, so that a test
 * or a simulation decides what time it is. This is the only file that touches the system's timers.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump; for stamps only. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start, never going back. Fractions are kept. */
  monotonicMs(): number;
  /** Resolves after `durationMs`; rejects with the signal's reason when that comes first. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once after `delayMs`, unless cancelled before. */
  timer(delayMs: number, callback: () => void): Timer;
}

export interface Timer extends Disposable {
  cancel(): void;
}

/** The longest that the system's timers wait: 24.8 days. They take anything above for 1 ms. */
export const TIMER_MS_MAX = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (durationMs, signal) => sleepOn(systemClock, durationMs, signal),
  timer(delayMs, callback) {
    let handle = timeoutIn(delayMs);
    const cancel = () => clearTimeout(handle);
    return { cancel, [Symbol.dispose]: cancel };

    function timeoutIn(leftMs: number): NodeJS.Timeout {
      if (leftMs <= TIMER_MS_MAX) return setTimeout(callback, leftMs);
      return setTimeout(() => {
        handle = timeoutIn(leftMs - TIMER_MS_MAX);
      }, TIMER_MS_MAX);
    }
  },
};

/** `Clock.sleep` in terms of `Clock.timer`, for every implementation of Clock. */
export function sleepOn(
  clock: Pick<Clock, "timer">,
  durationMs: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.timer(durationMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
