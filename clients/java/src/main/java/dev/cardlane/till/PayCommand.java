package dev.cardlane.till;

import dev.cardlane.Currency;
import dev.cardlane.PaymentIds;
import dev.cardlane.Settings;
import dev.cardlane.Traceparent;
import dev.cardlane.payment.v1.Amounts;
import dev.cardlane.payment.v1.PaymentKind;
import dev.cardlane.reader.v1.ReaderControlServiceGrpc;
import dev.cardlane.terminal.v1.GetTerminalRequest;
import dev.cardlane.terminal.v1.PaymentReport;
import dev.cardlane.terminal.v1.StartPayment;
import dev.cardlane.terminal.v1.TerminalServiceGrpc;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Takes a payment. */
@Command(name = "pay", description = "Take a payment.")
final class PayCommand implements Callable<Integer> {
  private static final long CONNECT_WITHIN_S = 5;

  /** What can be asked for with a card. */
  enum Kind {
    SALE,
    AUTHORIZATION,
    REFUND
  }

  @Parameters(index = "0", description = "12.50")
  private String amount;

  @Parameters(index = "1", description = "EUR")
  private String currency;

  @Option(
      names = "--pin",
      paramLabel = "DIGITS",
      description = "PIN of a test card; other users of this machine can see it")
  private String pin;

  @Option(names = "--pin-on-reader", description = "the PIN is typed on the reader")
  private boolean isPinOnReader;

  @Option(
      names = "--card",
      paramLabel = "NAME",
      description = "test card to put to the mesh's simulated reader")
  private String card;

  @Option(names = "--kind", description = "${COMPLETION-CANDIDATES}; ${DEFAULT-VALUE}")
  private Kind kind = Kind.SALE;

  @Option(
      names = "--id",
      paramLabel = "UUID",
      description = "your own payment id: a repeat never charges twice")
  private String paymentId;

  @Option(
      names = "--previous",
      paramLabel = "UUID",
      description = "payment id that was declined with 55 or 1A")
  private String previous = "";

  @Option(names = "--accept-partial", description = "less than all will do")
  private boolean acceptsPartial;

  @Override
  public Integer call() throws IOException, InterruptedException {
    StartPayment order = order();
    String traceId = Traceparent.traceId(order.getTraceparent());
    // Both ids first: whatever happens, they are what one asks with.
    System.err.printf("  %-14s %s%n", "payment id", order.getPaymentId());
    System.err.printf("  %-14s %s%n", "trace id", traceId);
    // Stream 1 never uses TLS, and neither does the simulated reader's control service.
    try (MeshChannel terminal =
            MeshChannel.open(Settings.address("CARDLANE_TERMINAL", "127.0.0.1:7402"));
        MeshChannel reader =
            MeshChannel.openPlaintext(Settings.address("CARDLANE_READER", "127.0.0.1:7401"))) {
      requireThere(terminal.channel());
      Person person =
          new Person(
              System.err,
              Optional.ofNullable(pin),
              isPinOnReader,
              Optional.ofNullable(card),
              Optional.ofNullable(card)
                  .map(name -> ReaderControlServiceGrpc.newBlockingStub(reader.channel())));
      PaymentReport report = PaymentTaking.take(terminal, order, person);
      if (report.getTraceId().isEmpty()) {
        report = report.toBuilder().setTraceId(traceId).build();
      }
      Facts.of(report).forEach(System.out::println);
      return ExitCode.of(report.getCertainty(), report.getState()).number();
    }
  }

  private StartPayment order() {
    Currency known = Currency.ofLetters(currency);
    String given = System.getenv("TRACEPARENT");
    boolean isInTrace = given != null && !Traceparent.traceId(given).isEmpty();
    return StartPayment.newBuilder()
        .setPaymentId(paymentId == null ? PaymentIds.create() : paymentId)
        .setKind(PaymentKind.valueOf("PAYMENT_KIND_" + kind))
        .setAmounts(Amounts.newBuilder().setTotalMinor(known.parseAmount(amount)))
        .setCurrency(known.number())
        .setPreviousPaymentId(previous)
        .setAcceptPartial(acceptsPartial)
        .setTraceparent(isInTrace ? given : Traceparent.create())
        .build();
  }

  /** Before anything is asked for, so that a terminal that is not there is no unknown outcome. */
  private static void requireThere(Channel terminal) {
    try {
      TerminalServiceGrpc.newBlockingStub(terminal)
          .withDeadlineAfter(CONNECT_WITHIN_S, TimeUnit.SECONDS)
          .getTerminal(GetTerminalRequest.getDefaultInstance());
    } catch (StatusRuntimeException error) {
      Status.Code code = error.getStatus().getCode();
      if (code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED) {
        throw new IllegalArgumentException(
            "no terminal there: is the mesh up, and CARDLANE_TERMINAL right?", error);
      }
      throw error;
    }
  }
}
