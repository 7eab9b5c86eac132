package dev.cardlane.reader;

import dev.cardlane.Clock;
import dev.cardlane.keys.v1.ReaderCertificate;
import dev.cardlane.sealing.Certificate;
import dev.cardlane.sealing.DukptRegister;
import dev.cardlane.sealing.KeptManifest;
import dev.cardlane.sealing.KeyFolder;
import dev.cardlane.sealing.RandomBytes;
import dev.cardlane.sealing.SigningKey;
import dev.cardlane.sealing.TrustedRoots;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A running reader. Stream 1 has no TLS of its own: a TLS certificate would show the reader. */
public final class CardReader implements AutoCloseable {
  private static final int FRAME_BYTES_MAX = 65_536;
  private static final int STOP_SECONDS_MAX = 5;

  private final String serial;
  private final DurableFiles files;
  private final ThreadEventLoop loop = new ThreadEventLoop();
  private final SessionService service;
  private final Server server;

  /**
   * What a reader is started with.
   *
   * @param listen where the terminal reaches it; port 0 takes any
   * @param pin what is typed on its own keys, if it has some
   */
  public record Options(
      InetSocketAddress listen,
      KeyFolder keys,
      Path dataDirectory,
      TestCard card,
      Optional<String> pin) {}

  /**
   * Serves.
   *
   * @throws IllegalArgumentException or PaymentException when keys or certificate are not usable
   */
  public CardReader(Options options) throws IOException {
    Clock clock = Clock.SYSTEM;
    RandomBytes random = RandomBytes.system();
    KeyFolder keys = options.keys();
    TrustedRoots roots = keys.readTrustedRoots();
    Certificate<ReaderCertificate> certificate =
        Certificate.verifyReader(keys.readCertificate(), roots, clock.nowMs());
    SigningKey identity = new SigningKey(keys.readKey("identity"));
    SigningKey signing = new SigningKey(keys.readKey("signing"));
    requireOwn(certificate.body(), identity, signing);

    files = new DurableFiles(options.dataDirectory());
    byte[] initialKeyId = certificate.body().getDukptInitialKeyId().toByteArray();
    ReaderStore store =
        new ReaderStore(
            files, () -> DukptRegister.load(initialKeyId, keys.readKey("dukpt-initial")));
    // The register on disk holds everything; who had this key could compute every PIN key.
    keys.destroyKey("dukpt-initial");
    KeptManifest manifest = new KeptManifest(roots, store.readManifest(), store::writeManifest);
    PaymentSigner signer = new PaymentSigner(certificate, signing, store, manifest, clock, random);
    ReaderDevice device = new ReaderDevice(signer, loop, options.card(), options.pin());
    TerminalHandshake.Parts handshake =
        new TerminalHandshake.Parts(identity, roots, manifest, store, clock, random);
    service = new SessionService(new TerminalSession.Parts(handshake, device, certificate, loop));
    serial = certificate.body().getSerial();
    server =
        NettyServerBuilder.forAddress(options.listen())
            .maxInboundMessageSize(FRAME_BYTES_MAX)
            .addService(service)
            .addService(new HealthStatusManager().getHealthService())
            .addService(ProtoReflectionServiceV1.newInstance())
            .build()
            .start();
  }

  /** Serial number of its certificate. */
  public String serial() {
    return serial;
  }

  /** Where it listens. */
  public int port() {
    return server.getPort();
  }

  /** Waits until it was closed. */
  public void awaitClose() throws InterruptedException {
    server.awaitTermination();
  }

  /** Asks terminals to leave, then stops. */
  @Override
  public void close() {
    service.drain();
    server.shutdown();
    try {
      server.awaitTermination(STOP_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
    server.shutdownNow();
    loop.close();
    files.close();
  }

  private static void requireOwn(
      ReaderCertificate certificate, SigningKey identity, SigningKey signing) {
    byte[] identityKey = certificate.getIdentityKey().toByteArray();
    byte[] signingKey = certificate.getSigningKey().toByteArray();
    if (!Arrays.equals(identityKey, identity.publicKey())
        || !Arrays.equals(signingKey, signing.publicKey())) {
      throw new IllegalArgumentException("the reader's keys are not those in its certificate");
    }
  }
}
