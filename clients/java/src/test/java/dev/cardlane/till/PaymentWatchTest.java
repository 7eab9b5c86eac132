package dev.cardlane.till;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cardlane.relay.v1.RelayServiceGrpc.RelayServiceImplBase;
import dev.cardlane.relay.v1.WatchPaymentsRequest;
import dev.cardlane.relay.v1.WatchPaymentsResponse;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** A watch, against a relay of this test. */
class PaymentWatchTest {
  /** Says where a watch goes on and no more; asked again it has a change. */
  private static final class SilentRelay extends RelayServiceImplBase {
    private final List<Long> watchedAfter = new CopyOnWriteArrayList<>();

    @Override
    public void watchPayments(
        WatchPaymentsRequest request, StreamObserver<WatchPaymentsResponse> out) {
      watchedAfter.add(request.getAfterSequence());
      if (request.getFromNow()) {
        out.onNext(WatchPaymentsResponse.newBuilder().setPosition(7).build());
      } else {
        out.onNext(WatchPaymentsResponse.newBuilder().setSequence(9).setPosition(9).build());
      }
    }
  }

  @Test
  void watchWhoseLineFallsSilentGoesOnWithoutGap() throws Exception {
    SilentRelay relay = new SilentRelay();
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .addService(relay)
            .build()
            .start();
    List<Long> heard = new ArrayList<>();
    try (MeshChannel channel = MeshChannel.openPlaintext("127.0.0.1:" + server.getPort())) {
      Duration interval = Duration.ofMillis(100);
      new PaymentWatch(channel, Optional.empty(), interval, Duration.ZERO)
          .run(
              change -> {
                heard.add(change.getSequence());
                return false;
              });
    } finally {
      server.shutdownNow();
    }
    assertEquals(List.of(9L), heard);
    assertEquals(7L, relay.watchedAfter.get(relay.watchedAfter.size() - 1));
  }
}
