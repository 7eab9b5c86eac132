package dev.cardlane;

import dev.cardlane.enrol.EnrolCommand;
import dev.cardlane.reader.ReaderCommand;
import dev.cardlane.till.ExitCode;
import dev.cardlane.till.Failure;
import dev.cardlane.till.TillCommand;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParseResult;

/** {@code cardlane till}, {@code cardlane reader} and {@code cardlane enrol}. */
@Command(
    name = "cardlane",
    description = "A till and a simulated reader for card payments.",
    subcommands = {TillCommand.class, ReaderCommand.class, EnrolCommand.class},
    mixinStandardHelpOptions = true,
    version = "cardlane for Java 0.1.0",
    scope = CommandLine.ScopeType.INHERIT)
public final class Main {
  // Of a payment that is not known here nobody can say that it did not happen.
  private static final Set<String> UNKNOWN_FAILURES = Set.of("PAYMENT_NOT_FOUND", "STREAM_CUT");

  private Main() {}

  /** Runs one command; its exit code is the process's. */
  public static void main(String[] arguments) {
    System.setProperty("java.util.logging.SimpleFormatter.format", "%4$s %5$s%6$s%n");
    int exitCode =
        new CommandLine(new Main())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionExceptionHandler(Main::explain)
            .setParameterExceptionHandler(
                (refused, given) -> {
                  System.err.println(refused.getMessage());
                  refused.getCommandLine().usage(System.err);
                  return ExitCode.ERROR.number();
                })
            .execute(arguments);
    System.exit(exitCode);
  }

  private static int explain(Exception failure, CommandLine command, ParseResult given) {
    if (failure instanceof StatusRuntimeException error) {
      Failure told = Failure.of(error);
      tell(told.lines());
      return (UNKNOWN_FAILURES.contains(told.code()) ? ExitCode.UNKNOWN : ExitCode.ERROR).number();
    }
    String message = failure.getMessage();
    tell(List.of(message == null ? failure.toString() : message));
    return ExitCode.ERROR.number();
  }

  /** Stdout has the result alone. */
  private static void tell(List<String> lines) {
    lines.forEach(System.err::println);
  }
}
