package dev.cardlane.till;

import dev.cardlane.Settings;
import dev.cardlane.terminal.v1.GetTerminalPaymentRequest;
import dev.cardlane.terminal.v1.PaymentReport;
import dev.cardlane.terminal.v1.TerminalServiceGrpc;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Asks the terminal what became of a payment. */
@Command(name = "status", description = "Show what the terminal knows of a payment.")
final class StatusCommand implements Callable<Integer> {
  private static final long WITHIN_S = 10;

  @Parameters(index = "0", paramLabel = "PAYMENT_ID", description = "UUID")
  private String paymentId;

  @Override
  public Integer call() throws IOException {
    String address = Settings.address("CARDLANE_TERMINAL", "127.0.0.1:7402");
    try (MeshChannel terminal = MeshChannel.open(address)) {
      PaymentReport report =
          TerminalServiceGrpc.newBlockingStub(terminal.channel())
              .withDeadlineAfter(WITHIN_S, TimeUnit.SECONDS)
              .getTerminalPayment(
                  GetTerminalPaymentRequest.newBuilder().setPaymentId(paymentId).build())
              .getReport();
      Facts.of(report).forEach(System.out::println);
      return ExitCode.of(report.getCertainty(), report.getState()).number();
    }
  }
}
