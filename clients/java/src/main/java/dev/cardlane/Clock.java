package dev.cardlane;

/** Time, passed in so that tests can set it. */
public interface Clock {
  /** The machine's own clocks. */
  Clock SYSTEM =
      new Clock() {
        @Override
        public long nowMs() {
          return System.currentTimeMillis();
        }

        @Override
        public long monotonicMs() {
          return System.nanoTime() / 1_000_000;
        }
      };

  /** Unix milliseconds. May be set back. */
  long nowMs();

  /** Milliseconds from an unknown moment. Never set back. */
  long monotonicMs();
}
