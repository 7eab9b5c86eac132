package dev.cardlane.till;

import dev.cardlane.Settings;
import dev.cardlane.relay.v1.WatchPaymentsResponse;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prints every change until Ctrl-C, or until so many were seen. */
@Command(name = "watch", description = "Show every change of every payment.")
final class WatchCommand implements Callable<Integer> {
  // Before a relay that went away is asked again.
  private static final Duration AGAIN_AFTER = Duration.ofSeconds(1);

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
      Optional<Long> start = Optional.ofNullable(after);
      new PaymentWatch(relay, start, Listening.SIGN_OF_LIFE, AGAIN_AFTER).run(this::show);
      return ExitCode.APPROVED.number();
    } catch (StatusException error) {
      throw new StatusRuntimeException(error.getStatus(), error.getTrailers());
    }
  }

  private boolean show(WatchPaymentsResponse change) {
    System.out.println(Facts.of(change));
    seen++;
    return seen < countMax;
  }
}
