package dev.cardlane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cardlane.sealing.RandomBytes;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Payments through a running mesh, when the environment names it: CARDLANE_TERMINAL, CARDLANE_RELAY
 * and CARDLANE_READER for the till; also CARDLANE_PROCESSOR and CARDLANE_MESH_DIR (its {@code
 * .cardlane}) for a reader and a terminal of its own. The programs run as users run them.
 */
@EnabledIfEnvironmentVariable(named = "CARDLANE_TERMINAL", matches = ".+")
@EnabledIfEnvironmentVariable(named = "CARDLANE_RELAY", matches = ".+")
class LiveTest {
  private static final Path REPOSITORY = Path.of("../..").toAbsolutePath().normalize();
  private static final long WITHIN_S = 90;

  @TempDir Path folder;
  private final List<Process> running = new ArrayList<>();

  /** How a command ended. */
  private record Ended(int exitCode, String output, String told) {
    String fact(String name) {
      return found("(?m)^" + name + "\\s+(.+)$", output);
    }
  }

  @AfterEach
  void stop() throws InterruptedException {
    running.forEach(Process::destroy);
    for (Process each : running) {
      each.waitFor(WITHIN_S, TimeUnit.SECONDS);
    }
  }

  @Test
  void approvedPaymentIsFoundByItsRecordNumber() throws Exception {
    Ended paid = till("pay", "12.50", "EUR", "--card", "visa", "--pin", "1234");
    assertEquals(0, paid.exitCode(), paid.told());
    assertEquals("APPROVED", paid.fact("outcome"));
    Ended found = till("query", paid.fact("record"));
    assertEquals(0, found.exitCode(), found.told());
    for (String name : List.of("payment id", "trace id", "approval code", "amount")) {
      assertEquals(paid.fact(name), found.fact(name));
    }
    assertEquals(0, till("status", paid.fact("payment id")).exitCode());
  }

  @ParameterizedTest
  @CsvSource({
    "charge_declined_insufficient_funds, 1234, 51",
    "charge_declined_stolen_card, 1234, 43",
    "mastercard, 9999, 55",
  })
  void declinedPayment(String card, String pin, String response) throws Exception {
    Ended paid = till("pay", "12.50", "EUR", "--card", card, "--pin", pin);
    assertEquals(2, paid.exitCode(), paid.told());
    assertEquals(response, paid.fact("response").substring(0, 2));
    assertEquals(2, till("query", paid.fact("record")).exitCode());
  }

  @Test
  void sameIdNeverChargesTwice() throws Exception {
    String id = PaymentIds.create();
    String[] pay = {"pay", "5", "EUR", "--card", "visa", "--pin", "1234", "--id", id};
    Ended first = till(pay);
    Ended second = till(pay);
    assertEquals(0, first.exitCode(), first.told());
    assertEquals(0, second.exitCode(), second.told());
    assertEquals(first.fact("record"), second.fact("record"));
  }

  @Test
  void refusalIsReadable() throws Exception {
    Ended refused = till("pay", "5", "EUR", "--card", "no such card", "--pin", "1234");
    assertEquals(1, refused.exitCode());
    assertTrue(refused.told().contains("MALFORMED_REQUEST"), refused.told());
    Ended missing = till("query", PaymentIds.create(), "--merchant", "CORNERCOFFEE001");
    assertEquals(3, missing.exitCode());
    assertTrue(missing.told().contains("certainty: unknown"), missing.told());
  }

  @Test
  void watchSeesEveryChange() throws Exception {
    assertEquals(0, till("pay", "1", "EUR", "--card", "visa", "--pin", "1234").exitCode());
    Ended watched = till("watch", "--after", "0", "--count", "2");
    assertEquals(0, watched.exitCode(), watched.told());
    assertEquals(2, watched.output().lines().distinct().count());
  }

  @Test
  @EnabledIfEnvironmentVariable(named = "CARDLANE_MESH_DIR", matches = ".+")
  void ownReaderTakesAPaymentWithPinRetryOverARestart() throws Exception {
    String suffix = HexFormat.of().formatHex(RandomBytes.system().next(2)).toUpperCase(Locale.ROOT);
    String terminalId = "TJV0" + suffix;
    String mesh = System.getenv("CARDLANE_MESH_DIR");
    Ended enrolled =
        run(
            Map.of(),
            java(
                "enrol",
                "--mesh=" + mesh,
                "--to=" + folder,
                "--serial=JV-" + suffix,
                "--terminal-id=" + terminalId));
    assertEquals(0, enrolled.exitCode(), enrolled.told());

    String reader = "127.0.0.1:" + startReader("127.0.0.1:0", "visa");
    Map<String, String> till = Map.of("CARDLANE_TERMINAL", startTerminal(reader, terminalId));
    Ended paid = run(till, java("till", "pay", "12.50", "EUR", "--pin", "1234"));
    assertEquals(0, paid.exitCode(), paid.told());
    Ended wrong = run(till, java("till", "pay", "3", "EUR", "--pin", "4321"));
    assertEquals("55 wrong PIN", wrong.fact("response"));
    String previous = wrong.fact("payment id");
    Ended right =
        run(till, java("till", "pay", "3", "EUR", "--pin", "1234", "--previous", previous));
    assertEquals(0, right.exitCode(), right.told());
    Ended record = till("query", right.fact("record"));
    assertEquals("JV-" + suffix, record.fact("reader"));
    assertEquals(previous, record.fact("original"));

    running.get(0).destroyForcibly().waitFor();
    startReader(reader, "charge_declined_lost_card");
    Ended declined = run(till, java("till", "pay", "8", "EUR", "--pin", "1234"));
    assertEquals(2, declined.exitCode(), declined.told());
    assertEquals("41", declined.fact("response").substring(0, 2));
  }

  /** Returns the port. */
  private String startReader(String listen, String card) throws IOException {
    Process process =
        start("reader", Map.of("CARDLANE_LISTEN", listen), java("reader", "--card", card));
    return await(process, "listens on port (\\d+)");
  }

  /** Returns the address of the repository's terminal, when its reader is there. */
  private String startTerminal(String reader, String terminalId) throws IOException {
    Map<String, String> environment =
        Map.of(
            "CARDLANE_LISTEN", "127.0.0.1:0",
            "CARDLANE_READER", reader,
            "CARDLANE_INSTANCE", terminalId);
    String node = REPOSITORY.resolve("node_modules/.bin/node").toString();
    String program = REPOSITORY.resolve("terminal-client/main.ts").toString();
    Process process = start("terminal", environment, List.of(node, program));
    String address = await(process, "\"address\":\"([0-9.:]+)\"");
    await(process, "reader session (open)");
    return address;
  }

  private Process start(String program, Map<String, String> environment, List<String> command)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder
        .environment()
        .putAll(
            Map.of(
                "CARDLANE_KEYS_DIR", folder.resolve("keys").resolve(program).toString(),
                "CARDLANE_DATA_DIR", folder.resolve(program).toString()));
    builder.environment().putAll(environment);
    Process process = builder.start();
    running.add(process);
    return process;
  }

  private static String await(Process process, String pattern) throws IOException {
    StringBuilder seen = new StringBuilder();
    BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Matcher match = Pattern.compile(pattern).matcher(line);
      if (match.find()) {
        return match.group(1);
      }
      seen.append(line).append('\n');
    }
    throw new AssertionError("no " + pattern + " in " + seen);
  }

  private static Ended till(String... arguments) throws Exception {
    String[] all = Stream.concat(Stream.of("till"), Stream.of(arguments)).toArray(String[]::new);
    return run(Map.of(), java(all));
  }

  private static Ended run(Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    File told = File.createTempFile("cardlane", ".log");
    told.deleteOnExit();
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(told);
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    String output = text(process.getInputStream().readAllBytes());
    assertTrue(process.waitFor(WITHIN_S, TimeUnit.SECONDS), "ends");
    return new Ended(process.exitValue(), output, text(Files.readAllBytes(told.toPath())));
  }

  private static List<String> java(String... arguments) {
    String java = ProcessHandle.current().info().command().orElseThrow();
    List<String> command =
        new ArrayList<>(
            List.of(java, "-cp", System.getProperty("java.class.path"), "dev.cardlane.Main"));
    command.addAll(List.of(arguments));
    return command;
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static String found(String pattern, String text) {
    Matcher match = Pattern.compile(pattern).matcher(text);
    assertTrue(match.find(), text);
    return match.group(1);
  }
}
