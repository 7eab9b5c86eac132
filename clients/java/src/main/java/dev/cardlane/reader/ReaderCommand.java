package dev.cardlane.reader;

import dev.cardlane.Settings;
import dev.cardlane.sealing.KeyFolder;
import dev.cardlane.sealing.PinBlock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.logging.Logger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code cardlane reader}: a simulated reader that a terminal can be connected to. */
@Command(
    name = "reader",
    description = "A simulated card reader: presents one test card for every payment.",
    footerHeading = "%nEnvironment:%n",
    footer = {
      "  CARDLANE_LISTEN    where the terminal reaches it; 127.0.0.1:7411 when not set",
      "  CARDLANE_KEYS_DIR  its keys, certificate and trusted roots",
      "  CARDLANE_DATA_DIR  where it keeps counter, PIN key register, pairing and manifest"
    })
public final class ReaderCommand implements Callable<Integer> {
  private static final Logger LOG = Logger.getLogger(ReaderCommand.class.getName());

  @Spec private CommandSpec spec;

  @Option(names = "--card", paramLabel = "NAME", description = "test card; ${DEFAULT-VALUE}")
  private String card = TestCard.VISA.label();

  @Option(
      names = "--pin",
      paramLabel = "DIGITS",
      description = "what is typed when the PIN is asked for on the reader")
  private String pin;

  @Override
  public Integer call() throws IOException, InterruptedException {
    TestCard presented =
        TestCard.find(card)
            .orElseThrow(() -> new ParameterException(spec.commandLine(), "no test card " + card));
    if (pin != null && !PinBlock.isPin(pin)) {
      throw new ParameterException(spec.commandLine(), "--pin must be 4 to 12 digits");
    }
    CardReader.Options options =
        new CardReader.Options(
            socketAddress(Settings.address("CARDLANE_LISTEN", "127.0.0.1:7411")),
            new KeyFolder(Path.of(Settings.required("CARDLANE_KEYS_DIR"))),
            Path.of(Settings.required("CARDLANE_DATA_DIR")),
            presented,
            Optional.ofNullable(pin));
    CardReader reader = new CardReader(options);
    Runtime.getRuntime().addShutdownHook(new Thread(reader::close, "stop"));
    LOG.info(() -> "reader " + reader.serial() + " listens on port " + reader.port());
    reader.awaitClose();
    return 0;
  }

  private static InetSocketAddress socketAddress(String address) {
    int colon = address.lastIndexOf(':');
    String host = address.substring(0, colon).replaceAll("^\\[|]$", "");
    return new InetSocketAddress(host, Integer.parseInt(address.substring(colon + 1)));
  }
}
