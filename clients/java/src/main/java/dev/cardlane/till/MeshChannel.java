package dev.cardlane.till;

import dev.cardlane.Settings;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import java.io.File;
import java.io.IOException;

/** A connection to a program of a mesh. */
public final class MeshChannel implements AutoCloseable {
  private final ManagedChannel channel;

  private MeshChannel(String address, ChannelCredentials credentials) {
    channel = Grpc.newChannelBuilder(address, credentials).build();
  }

  /**
   * Connects to "host:port", with mutual TLS when CARDLANE_TLS_DIR names the folder with {@code
   * ca.pem}, {@code cert.pem} and {@code key.pem}.
   */
  public static MeshChannel open(String address) throws IOException {
    String folder = Settings.text("CARDLANE_TLS_DIR", "");
    if (folder.isEmpty()) {
      return openPlaintext(address);
    }
    ChannelCredentials credentials =
        TlsChannelCredentials.newBuilder()
            .trustManager(new File(folder, "ca.pem"))
            .keyManager(new File(folder, "cert.pem"), new File(folder, "key.pem"))
            .build();
    return new MeshChannel(address, credentials);
  }

  /** Connects without TLS, as everybody does to a reader. */
  public static MeshChannel openPlaintext(String address) {
    return new MeshChannel(address, InsecureChannelCredentials.create());
  }

  /** For stubs. */
  public ManagedChannel channel() {
    return channel;
  }

  /** The next call makes a new connection: one that fell silent stays so. */
  void leaveLine() {
    channel.enterIdle();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
