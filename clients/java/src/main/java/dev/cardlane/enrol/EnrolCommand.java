package dev.cardlane.enrol;

import dev.cardlane.Clock;
import dev.cardlane.Settings;
import dev.cardlane.keys.v1.SignedEnvelope;
import dev.cardlane.processor.v1.ProcessorRegistryServiceGrpc;
import dev.cardlane.relay.v1.DeviceState;
import dev.cardlane.relay.v1.ReaderRegistration;
import dev.cardlane.relay.v1.RelayRegistryServiceGrpc;
import dev.cardlane.sealing.KeyFolder;
import dev.cardlane.sealing.RandomBytes;
import dev.cardlane.till.MeshChannel;
import io.grpc.Channel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code cardlane enrol}: makes a development reader and terminal known to a running mesh.
 *
 * <p>Everything this takes is on one machine only in development: the private keys of the roots,
 * the base derivation key, and the operator's services of relay and processor.
 */
@Command(
    name = "enrol",
    description = "Makes a development reader and terminal known to a running mesh.",
    footerHeading = "%nEnvironment:%n",
    footer = {
      "  CARDLANE_RELAY      the relay; 127.0.0.1:7403 when not set",
      "  CARDLANE_PROCESSOR  the processor; 127.0.0.1:7404 when not set",
      "  CARDLANE_TLS_DIR    folder with ca.pem, cert.pem and key.pem; plaintext when not set"
    })
public final class EnrolCommand implements Callable<Integer> {
  // EUR, USD, GBP, CHF, SEK, PLN, JPY, KWD: what the mesh's own terminal may charge in.
  private static final List<Integer> CURRENCIES = List.of(978, 840, 826, 756, 752, 985, 392, 414);
  private static final long WITHIN_S = 10;

  @Option(names = "--mesh", required = true, description = "data folder of the mesh")
  private Path mesh;

  @Option(names = "--to", required = true, description = "folder for the new keys")
  private Path to;

  @Option(names = "--serial", description = "serial number of the reader; ${DEFAULT-VALUE}")
  private String serial = "JV-0001";

  @Option(names = "--terminal-id", description = "8 of [A-Z0-9]; ${DEFAULT-VALUE}")
  private String terminalId = "TILLJV01";

  @Override
  public Integer call() throws IOException {
    KeyFolder reader = new KeyFolder(to.resolve("keys/reader"));
    KeyFolder terminal = new KeyFolder(to.resolve("keys/terminal"));
    // What is there already stays: registering it again changes nothing.
    if (!terminal.hasCertificate()) {
      DeviceMaker maker =
          new DeviceMaker(mesh.resolve("keys"), RandomBytes.system(), Clock.SYSTEM.nowMs());
      maker.makeReader(reader, serial);
      maker.makeTerminal(terminal, terminalId);
    }
    // The processor first: what the relay lets pass, the processor should know.
    String processorAddress = Settings.address("CARDLANE_PROCESSOR", "127.0.0.1:7404");
    String relayAddress = Settings.address("CARDLANE_RELAY", "127.0.0.1:7403");
    ReaderRegistration registration = registration(reader, terminal.readCertificate());
    try (MeshChannel processor = MeshChannel.open(processorAddress);
        MeshChannel relay = MeshChannel.open(relayAddress)) {
      registerAtProcessor(processor.channel(), registration, terminal.readCertificate());
      registerAtRelay(relay.channel(), registration, terminal.readCertificate());
    }
    System.out.println("registered reader " + serial + " and terminal " + terminalId);
    return 0;
  }

  private static ReaderRegistration registration(KeyFolder reader, SignedEnvelope terminal) {
    return ReaderRegistration.newBuilder()
        .setCertificate(reader.readCertificate())
        .setMerchantId(DeviceMaker.parse(terminal).getMerchantId())
        .setState(DeviceState.DEVICE_STATE_ACTIVE)
        .build();
  }

  private static void registerAtProcessor(
      Channel channel, ReaderRegistration reader, SignedEnvelope terminal) {
    ProcessorRegistryServiceGrpc.ProcessorRegistryServiceBlockingStub registry =
        ProcessorRegistryServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(WITHIN_S, TimeUnit.SECONDS);
    registry.registerTerminals(
        dev.cardlane.processor.v1.RegisterTerminalsRequest.newBuilder()
            .addTerminals(
                dev.cardlane.processor.v1.TerminalRegistration.newBuilder()
                    .setCertificate(terminal)
                    .setState(DeviceState.DEVICE_STATE_ACTIVE)
                    .addAllCurrencies(CURRENCIES))
            .build());
    registry.registerReaders(
        dev.cardlane.processor.v1.RegisterReadersRequest.newBuilder().addReaders(reader).build());
  }

  private static void registerAtRelay(
      Channel channel, ReaderRegistration reader, SignedEnvelope terminal) {
    RelayRegistryServiceGrpc.RelayRegistryServiceBlockingStub registry =
        RelayRegistryServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(WITHIN_S, TimeUnit.SECONDS);
    registry.registerTerminals(
        dev.cardlane.relay.v1.RegisterTerminalsRequest.newBuilder()
            .addTerminals(
                dev.cardlane.relay.v1.TerminalRegistration.newBuilder()
                    .setCertificate(terminal)
                    .setState(DeviceState.DEVICE_STATE_ACTIVE)
                    .addAllCurrencies(CURRENCIES))
            .build());
    registry.registerReaders(
        dev.cardlane.relay.v1.RegisterReadersRequest.newBuilder().addReaders(reader).build());
  }
}
