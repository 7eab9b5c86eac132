package dev.cardlane.till;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.util.Durations;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.cardlane.payment.v1.Certainty;
import dev.cardlane.payment.v1.NextStep;
import dev.cardlane.payment.v1.Outcome;
import dev.cardlane.payment.v1.PaymentState;
import dev.cardlane.payment.v1.Verification;
import dev.cardlane.reader.v1.CardRead;
import dev.cardlane.terminal.v1.GetTerminalPaymentRequest;
import dev.cardlane.terminal.v1.GetTerminalPaymentResponse;
import dev.cardlane.terminal.v1.PayRequest;
import dev.cardlane.terminal.v1.PayResponse;
import dev.cardlane.terminal.v1.PaymentReport;
import dev.cardlane.terminal.v1.PaymentStarted;
import dev.cardlane.terminal.v1.PaymentSubmitted;
import dev.cardlane.terminal.v1.Receipt;
import dev.cardlane.terminal.v1.SignOfLife;
import dev.cardlane.terminal.v1.StartPayment;
import dev.cardlane.terminal.v1.TerminalServiceGrpc.TerminalServiceImplBase;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A till, against a terminal of this test. */
class PaymentTakingTest {
  private static final PaymentReport APPROVED =
      PaymentReport.newBuilder()
          .setPaymentId("p")
          .setRecordNumber("A1MTNRH1YPN3")
          .setCertainty(Certainty.CERTAINTY_FINAL)
          .setState(PaymentState.PAYMENT_STATE_APPROVED)
          .setReceipt(
              Receipt.newBuilder()
                  .setOutcome(Outcome.OUTCOME_APPROVED)
                  .setAmountMinor(1250)
                  .setCurrency(978))
          .build();

  private final FakeTerminalService service = new FakeTerminalService();
  private Server server;
  private MeshChannel channel;

  /** Answers every request by the test's rule. */
  private static final class FakeTerminalService extends TerminalServiceImplBase {
    private final List<PayRequest> said = new CopyOnWriteArrayList<>();
    private BiConsumer<PayRequest, StreamObserver<PayResponse>> rule = (request, out) -> {};
    private Optional<PaymentReport> known = Optional.empty();

    @Override
    public StreamObserver<PayRequest> pay(StreamObserver<PayResponse> responses) {
      return new StreamObserver<>() {
        @Override
        public void onNext(PayRequest request) {
          said.add(request);
          rule.accept(request, responses);
        }

        @Override
        public void onError(Throwable cut) {}

        @Override
        public void onCompleted() {}
      };
    }

    @Override
    public void getTerminalPayment(
        GetTerminalPaymentRequest request, StreamObserver<GetTerminalPaymentResponse> responses) {
      known.ifPresentOrElse(
          report -> {
            responses.onNext(GetTerminalPaymentResponse.newBuilder().setReport(report).build());
            responses.onCompleted();
          },
          () -> responses.onError(io.grpc.Status.UNAVAILABLE.asRuntimeException()));
    }
  }

  @BeforeEach
  void start() throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .addService(service)
            .build()
            .start();
    channel = MeshChannel.openPlaintext("127.0.0.1:" + server.getPort());
  }

  @AfterEach
  void stop() {
    channel.close();
    server.shutdownNow();
  }

  @Test
  void paymentIsConfirmedWithThePinAndReported() throws InterruptedException {
    service.rule =
        (request, out) -> {
          if (request.hasStart()) {
            askForConfirmation(out);
          } else {
            out.onNext(PayResponse.newBuilder().setFinished(APPROVED).build());
            out.onCompleted();
          }
        };
    assertEquals(APPROVED, take(Optional.of("1234")));
    assertEquals("1234", service.said.get(1).getConfirm().getPin());
    assertEquals(ExitCode.APPROVED, ExitCode.of(APPROVED.getCertainty(), APPROVED.getState()));
    assertTrue(Facts.of(APPROVED).contains("record         A1MT-NRH1-YPN3"));
  }

  @Test
  void terminalThatGoesAwayIsAskedWhatBecameOfThePayment() throws InterruptedException {
    service.rule = (request, out) -> cutAfterSubmission(out);
    service.known = Optional.of(APPROVED);
    assertEquals(APPROVED, take(Optional.of("1234")));
  }

  @Test
  void silentTerminalIsAskedWhatBecameOfThePayment() throws InterruptedException {
    service.rule =
        (request, out) -> {
          SignOfLife life = SignOfLife.newBuilder().setIntervalMs(20).build();
          out.onNext(PayResponse.newBuilder().setSignOfLife(life).build());
          out.onNext(
              PayResponse.newBuilder().setStarted(PaymentStarted.getDefaultInstance()).build());
        };
    service.known = Optional.of(APPROVED);
    assertEquals(APPROVED, take(Optional.of("1234")));
    assertEquals(1, service.said.size());
  }

  @Test
  void terminalOfAnEarlierVersionIsNotTakenForSilent() throws InterruptedException {
    CompletableFuture<StreamObserver<PayResponse>> paying = new CompletableFuture<>();
    service.rule =
        (request, out) -> {
          out.onNext(
              PayResponse.newBuilder().setStarted(PaymentStarted.getDefaultInstance()).build());
          paying.complete(out);
        };
    // Longer than one that had promised it could be silent: 2.5 s.
    paying.thenAcceptAsync(
        out -> {
          out.onNext(PayResponse.newBuilder().setFinished(APPROVED).build());
          out.onCompleted();
        },
        CompletableFuture.delayedExecutor(4, TimeUnit.SECONDS));
    StartPayment order = StartPayment.newBuilder().setPaymentId("p").build();
    Person person = person(Optional.of("1234"));
    assertEquals(APPROVED, PaymentTaking.take(channel, order, person, Duration.ofSeconds(1)));
  }

  @Test
  void withoutAnyAnswerTheOutcomeIsUnknownAndNoDecline() throws InterruptedException {
    service.rule = (request, out) -> cutAfterSubmission(out);
    PaymentReport report = take(Optional.of("1234"));
    assertEquals(Certainty.CERTAINTY_UNKNOWN, report.getCertainty());
    assertEquals(NextStep.NEXT_STEP_RETRY_SAME_ID, report.getNextStep());
    assertEquals(ExitCode.UNKNOWN, ExitCode.of(report.getCertainty(), report.getState()));
    assertTrue(Facts.of(report).contains("outcome        UNKNOWN"));
  }

  @Test
  void streamThatJustEndsIsUnknown() throws InterruptedException {
    service.rule = (request, out) -> out.onCompleted();
    assertEquals(Certainty.CERTAINTY_UNKNOWN, take(Optional.empty()).getCertainty());
  }

  @Test
  void refusalIsToldWithItsDetails() {
    service.rule = (request, out) -> out.onError(refusal());
    StatusRuntimeException error =
        assertThrows(StatusRuntimeException.class, () -> take(Optional.empty()));
    assertEquals(
        List.of(
            "OVERLOADED: too many payments",
            "  field: amounts",
            "  certainty: final",
            "  next: retry same id",
            "  retry after: 1500 ms"),
        Failure.of(error).lines());
  }

  @Test
  void paymentIsCancelledWhenNobodyTypesThePin() {
    service.rule =
        (request, out) -> {
          if (request.hasStart()) {
            askForConfirmation(out);
          } else {
            out.onCompleted();
          }
        };
    assertThrows(Person.PinMissing.class, () -> take(Optional.empty()));
    assertTrue(service.said.get(1).hasCancel());
  }

  private PaymentReport take(Optional<String> pin) throws InterruptedException {
    StartPayment order = StartPayment.newBuilder().setPaymentId("p").build();
    return PaymentTaking.take(channel, order, person(pin));
  }

  private static Person person(Optional<String> pin) {
    PrintStream nowhere = new PrintStream(new ByteArrayOutputStream());
    return new Person(nowhere, pin, false, Optional.empty(), Optional.empty());
  }

  private static void askForConfirmation(StreamObserver<PayResponse> out) {
    out.onNext(
        PayResponse.newBuilder()
            .setStarted(PaymentStarted.newBuilder().setReaderSerial("JV-0001"))
            .build());
    out.onNext(
        PayResponse.newBuilder()
            .setConfirmationNeeded(
                CardRead.newBuilder().setVerification(Verification.VERIFICATION_ONLINE_PIN))
            .build());
  }

  private static void cutAfterSubmission(StreamObserver<PayResponse> out) {
    out.onNext(
        PayResponse.newBuilder()
            .setSubmitted(PaymentSubmitted.newBuilder().setPaymentId("p"))
            .build());
    out.onError(io.grpc.Status.UNAVAILABLE.asRuntimeException());
  }

  private static StatusRuntimeException refusal() {
    ErrorInfo info =
        ErrorInfo.newBuilder()
            .setDomain("cardlane")
            .setReason("OVERLOADED")
            .putMetadata("certainty", "FINAL")
            .putMetadata("next_step", "RETRY_SAME_ID")
            .build();
    BadRequest badRequest =
        BadRequest.newBuilder()
            .addFieldViolations(BadRequest.FieldViolation.newBuilder().setField("amounts"))
            .build();
    RetryInfo retry = RetryInfo.newBuilder().setRetryDelay(Durations.fromMillis(1_500)).build();
    return StatusProto.toStatusRuntimeException(
        Status.newBuilder()
            .setCode(io.grpc.Status.Code.RESOURCE_EXHAUSTED.value())
            .setMessage("too many payments")
            .addDetails(Any.pack(info))
            .addDetails(Any.pack(badRequest))
            .addDetails(Any.pack(retry))
            .build());
  }
}
