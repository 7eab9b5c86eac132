package dev.cardlane.till;

import dev.cardlane.Settings;
import dev.cardlane.relay.v1.RelayServiceGrpc;
import dev.cardlane.relay.v1.WatchPaymentsRequest;
import dev.cardlane.relay.v1.WatchPaymentsResponse;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prints every change until Ctrl-C, or until so many were seen. */
@Command(name = "watch", description = "Show every change of every payment.")
final class WatchCommand implements Callable<Integer> {
  // Before a relay that went away is asked again.
  private static final long AGAIN_AFTER_S = 1;

  @Option(
      names = "--after",
      paramLabel = "SEQUENCE",
      description = "start after this one; 0: the beginning; not given: from now on")
  private Long after;

  @Option(names = "--count", paramLabel = "N", description = "end after so many changes")
  private long countMax = Long.MAX_VALUE;

  private long seen;

  @Override
  public Integer call() throws IOException, InterruptedException {
    String address = Settings.address("CARDLANE_RELAY", "127.0.0.1:7403");
    try (MeshChannel relay = MeshChannel.open(address)) {
      watch(relay.channel());
      while (seen < countMax) {
        TimeUnit.SECONDS.sleep(AGAIN_AFTER_S);
        watch(relay.channel());
      }
      return ExitCode.APPROVED.number();
    }
  }

  /** Prints until the stream ends. Relays end every stream after a while, and when they stop. */
  private void watch(Channel relay) {
    WatchPaymentsRequest request =
        after == null
            ? WatchPaymentsRequest.newBuilder().setFromNow(true).build()
            : WatchPaymentsRequest.newBuilder().setAfterSequence(after).build();
    try {
      Iterator<WatchPaymentsResponse> changes =
          RelayServiceGrpc.newBlockingStub(relay).watchPayments(request);
      while (seen < countMax && changes.hasNext()) {
        show(changes.next());
      }
    } catch (StatusRuntimeException error) {
      if (seen == 0 || error.getStatus().getCode() != Status.Code.UNAVAILABLE) {
        throw error;
      }
    }
  }

  private void show(WatchPaymentsResponse change) {
    if (change.getSequence() == 0) { // a sign of life
      return;
    }
    System.out.println(Facts.of(change));
    after = change.getSequence();
    seen++;
  }
}
