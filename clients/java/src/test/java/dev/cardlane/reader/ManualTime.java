package dev.cardlane.reader;

import dev.cardlane.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Time that goes by only when a test says so; steps are done at once. */
final class ManualTime implements Clock, EventLoop {
  private static final long EPOCH_MS = 1_800_000_000_000L;

  private final List<Scheduled> scheduled = new ArrayList<>();
  private long elapsedMs;

  private record Scheduled(long atMs, Runnable step) {}

  @Override
  public long nowMs() {
    return EPOCH_MS + elapsedMs;
  }

  @Override
  public long monotonicMs() {
    return elapsedMs;
  }

  @Override
  public void execute(Runnable step) {
    step.run();
  }

  @Override
  public Timer schedule(Duration delay, Runnable step) {
    Scheduled one = new Scheduled(elapsedMs + delay.toMillis(), step);
    scheduled.add(one);
    return () -> scheduled.removeIf(other -> other == one);
  }

  /** Lets time go by, and does what was to be done in it, in order. */
  void pass(Duration duration) {
    long endMs = elapsedMs + duration.toMillis();
    for (var next = nextUntil(endMs); next != null; next = nextUntil(endMs)) {
      scheduled.remove(next);
      elapsedMs = next.atMs();
      next.step().run();
    }
    elapsedMs = endMs;
  }

  private Scheduled nextUntil(long endMs) {
    return scheduled.stream()
        .filter(one -> one.atMs() <= endMs)
        .min(Comparator.comparingLong(Scheduled::atMs))
        .orElse(null);
  }
}
