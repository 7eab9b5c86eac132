package dev.cardlane.reader;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/** An event loop on a thread of its own. */
public final class ThreadEventLoop implements EventLoop, AutoCloseable {
  private static final Logger LOG = Logger.getLogger(ThreadEventLoop.class.getName());

  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(step -> new Thread(step, "reader"));

  @Override
  public void execute(Runnable step) {
    try {
      executor.execute(guarded(step));
    } catch (RejectedExecutionException closed) {
      LOG.log(Level.FINE, "the reader has stopped", closed);
    }
  }

  @Override
  public Timer schedule(Duration delay, Runnable step) {
    Future<?> scheduled = executor.schedule(guarded(step), delay.toMillis(), TimeUnit.MILLISECONDS);
    return () -> scheduled.cancel(false);
  }

  /** Ends the thread. What was to happen later does not. */
  @Override
  public void close() {
    executor.shutdownNow();
  }

  private static Runnable guarded(Runnable step) {
    return () -> {
      try {
        step.run();
      } catch (RuntimeException defect) {
        LOG.log(Level.SEVERE, "a step failed", defect);
      }
    };
  }
}
