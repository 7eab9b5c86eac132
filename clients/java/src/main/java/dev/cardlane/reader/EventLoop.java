package dev.cardlane.reader;

import java.time.Duration;

/**
 * One thread that does everything the reader does, one thing after the other, so that nothing in it
 * needs a lock. Passed in so that tests can let time go by.
 */
public interface EventLoop {
  /** Does something soon. */
  void execute(Runnable step);

  /** Does something once, so long from now. */
  Timer schedule(Duration delay, Runnable step);

  /** What can still be prevented. */
  @FunctionalInterface
  interface Timer {
    /** Without effect when it has happened. */
    void cancel();
  }
}
