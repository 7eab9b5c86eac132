package dev.cardlane.till;

import dev.cardlane.relay.v1.RelayServiceGrpc;
import dev.cardlane.relay.v1.WatchPaymentsRequest;
import dev.cardlane.relay.v1.WatchPaymentsResponse;
import io.grpc.Status;
import io.grpc.StatusException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/** Every change of every payment, over relays that restart and lines that fall silent. */
final class PaymentWatch {
  private final MeshChannel relay;
  private final Duration interval;
  private final Duration againAfter;
  private WatchPaymentsRequest request;
  private boolean hasHeard;

  /**
   * Prepares a watch.
   *
   * @param after start after this position; empty: from now on
   * @param interval how often a relay speaks
   * @param againAfter how long to wait for a relay that went away
   */
  PaymentWatch(MeshChannel relay, Optional<Long> after, Duration interval, Duration againAfter) {
    this.relay = relay;
    this.interval = interval;
    this.againAfter = againAfter;
    WatchPaymentsRequest.Builder start = WatchPaymentsRequest.newBuilder();
    after.ifPresentOrElse(start::setAfterSequence, () -> start.setFromNow(true));
    request = start.build();
  }

  /**
   * Gives each change once, in order, until the taker has had enough.
   *
   * @param take returns whether to go on
   * @throws StatusException before anything was heard, and for every error but UNAVAILABLE
   */
  void run(Predicate<WatchPaymentsResponse> take) throws InterruptedException, StatusException {
    while (once(take)) {
      TimeUnit.MILLISECONDS.sleep(againAfter.toMillis());
      relay.leaveLine();
    }
  }

  /** Returns whether to go on with another stream. */
  private boolean once(Predicate<WatchPaymentsResponse> take)
      throws InterruptedException, StatusException {
    Listening<WatchPaymentsResponse> changes =
        new Listening<>(
            RelayServiceGrpc.newBlockingV2Stub(relay.channel()).watchPayments(request), interval);
    try {
      for (WatchPaymentsResponse change = changes.next(); change != null; change = changes.next()) {
        hasHeard = true;
        // A sign of life has a position alone; relays of earlier versions give none.
        long position = Math.max(change.getPosition(), change.getSequence());
        if (position > 0) {
          request = WatchPaymentsRequest.newBuilder().setAfterSequence(position).build();
        }
        if (change.getSequence() > 0 && !take.test(change)) {
          return false;
        }
      }
      return true;
    } catch (StatusException error) {
      // Relays end every stream after a while, and when they stop.
      boolean isAway = hasHeard && error.getStatus().getCode() == Status.Code.UNAVAILABLE;
      if (isAway || error.getCause() instanceof TimeoutException) {
        return true;
      }
      throw error;
    }
  }
}
