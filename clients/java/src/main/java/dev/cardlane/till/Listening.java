package dev.cardlane.till;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Reads a server's stream, for no longer than it may be silent. A line on which nothing is heard
 * for two and a half of the server's intervals is dead, and the next attempt needs another
 * connection.
 */
final class Listening<M> {
  /** How often a server speaks on a stream, if only to say that it is there. */
  static final Duration SIGN_OF_LIFE = Duration.ofSeconds(10);

  private final BlockingClientCall<?, M> call;
  private Optional<Duration> interval;

  Listening(BlockingClientCall<?, M> call, Duration interval) {
    this.call = call;
    this.interval = Optional.of(interval);
  }

  /** How often the server speaks from now on; empty: it does not promise to. */
  void expect(Optional<Duration> promised) {
    interval = promised;
  }

  /**
   * Returns the next message; null after the last one.
   *
   * @throws StatusException as the server ended the call; UNAVAILABLE when nothing was heard
   */
  M next() throws InterruptedException, StatusException {
    if (interval.isEmpty()) {
      return call.read();
    }
    Duration limit = interval.get().multipliedBy(5).dividedBy(2);
    try {
      return call.read(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException silent) {
      call.cancel("the line is silent", silent);
      String message = "nothing heard for " + limit.toMillis() + " ms";
      throw Status.UNAVAILABLE.withDescription(message).withCause(silent).asException();
    }
  }
}
