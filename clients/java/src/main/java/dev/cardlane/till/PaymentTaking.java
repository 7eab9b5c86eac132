package dev.cardlane.till;

import dev.cardlane.payment.v1.Certainty;
import dev.cardlane.payment.v1.NextStep;
import dev.cardlane.reader.v1.ReaderEventKind;
import dev.cardlane.terminal.v1.CancelPayment;
import dev.cardlane.terminal.v1.GetTerminalPaymentRequest;
import dev.cardlane.terminal.v1.PayRequest;
import dev.cardlane.terminal.v1.PayResponse;
import dev.cardlane.terminal.v1.PaymentReport;
import dev.cardlane.terminal.v1.StartPayment;
import dev.cardlane.terminal.v1.TerminalServiceGrpc;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** One payment from the till's side, from the first request to the last report. */
final class PaymentTaking {
  private static final long QUERY_WITHIN_S = 10;

  private final MeshChannel terminal;
  private final People people;
  private boolean isStarted;

  /** Its id is stored: from then on no error of the stream is its end. */
  private boolean isBegun;
  private boolean hasSignOfLife;
  // What a person's hand failed at; told when the terminal has confirmed the cancellation.
  private Optional<RuntimeException> failure = Optional.empty();

  private PaymentTaking(MeshChannel terminal, People people) {
    this.terminal = terminal;
    this.people = people;
  }

  /**
   * Returns what is known in the end.
   *
   * <p>When the terminal goes away or falls silent during the payment it is asked once what became
   * of it, over another connection; without an answer the report is UNKNOWN, which is not a
   * decline.
   *
   * @throws StatusRuntimeException when the terminal surely did nothing; and whatever people throw,
   *     after the payment was cancelled
   */
  static PaymentReport take(MeshChannel terminal, StartPayment order, People people)
      throws InterruptedException {
    return take(terminal, order, people, Listening.SIGN_OF_LIFE);
  }

  /** The same, with how often a terminal speaks that has not said so yet. */
  static PaymentReport take(
      MeshChannel terminal, StartPayment order, People people, Duration interval)
      throws InterruptedException {
    PaymentTaking taking = new PaymentTaking(terminal, people);
    Optional<PaymentReport> report = taking.converse(order, interval);
    if (taking.failure.isPresent()) {
      throw taking.failure.get();
    }
    return report.orElseGet(() -> taking.askAgain(order.getPaymentId()));
  }

  /** Returns the last report; nothing when the stream ended without one. */
  private Optional<PaymentReport> converse(StartPayment order, Duration interval)
      throws InterruptedException {
    BlockingClientCall<PayRequest, PayResponse> call =
        TerminalServiceGrpc.newBlockingV2Stub(terminal.channel()).pay();
    Listening<PayResponse> listening = new Listening<>(call, interval);
    try {
      call.write(PayRequest.newBuilder().setStart(order).build());
      for (PayResponse event = listening.next(); event != null; event = listening.next()) {
        isStarted = true;
        isBegun |= event.hasStarted();
        learnInterval(event, listening);
        people.see(event);
        if (event.hasFinished()) {
          call.halfClose();
          return Optional.of(event.getFinished());
        }
        Optional<PayRequest> answer = answer(event);
        if (answer.isPresent()) {
          call.write(answer.get());
        }
      }
      return Optional.empty();
    } catch (StatusException error) {
      StatusRuntimeException unchecked =
          new StatusRuntimeException(error.getStatus(), error.getTrailers());
      if (isSure(unchecked)) {
        throw unchecked;
      }
      return Optional.empty();
    }
  }

  /** Counts on what the terminal promised; one of an earlier version promises nothing. */
  private void learnInterval(PayResponse event, Listening<PayResponse> listening) {
    if (event.hasSignOfLife()) {
      hasSignOfLife = true;
      Duration promised = Duration.ofMillis(event.getSignOfLife().getIntervalMs());
      listening.expect(Optional.of(promised));
    } else if (!hasSignOfLife) {
      listening.expect(Optional.empty());
    }
  }

  /** Returns what to say next; a person who fails cancels the payment. */
  private Optional<PayRequest> answer(PayResponse event) {
    PayRequest.Builder request = PayRequest.newBuilder();
    try {
      switch (event.getEventCase()) {
        case PREPARED -> people.presentCard();
        case CONFIRMATION_NEEDED -> {
          return Optional.of(
              request.setConfirm(people.confirm(event.getConfirmationNeeded())).build());
        }
        case READER_EVENT -> {
          if (event.getReaderEvent().getKind()
              == ReaderEventKind.READER_EVENT_KIND_PIN_ENTRY_STARTED) {
            people.typePin();
          }
        }
        default -> {}
      }
      return Optional.empty();
    } catch (RuntimeException failed) {
      failure = Optional.of(failed);
      return Optional.of(request.setCancel(CancelPayment.getDefaultInstance()).build());
    }
  }

  /** Tells whether a failure means that nothing happened; no error of a stream ends a payment. */
  private boolean isSure(StatusRuntimeException error) {
    if (isBegun) {
      return false;
    }
    String certainty = Failure.of(error).certainty();
    if (!certainty.isEmpty()) {
      return certainty.equals("FINAL");
    }
    return !isStarted && error.getStatus().getCode() != Status.Code.UNAVAILABLE;
  }

  private PaymentReport askAgain(String paymentId) {
    terminal.leaveLine();
    try {
      return TerminalServiceGrpc.newBlockingStub(terminal.channel())
          .withDeadlineAfter(QUERY_WITHIN_S, TimeUnit.SECONDS)
          .getTerminalPayment(
              GetTerminalPaymentRequest.newBuilder().setPaymentId(paymentId).build())
          .getReport();
    } catch (StatusRuntimeException notReached) {
      return PaymentReport.newBuilder()
          .setPaymentId(paymentId)
          .setCertainty(Certainty.CERTAINTY_UNKNOWN)
          .setNextStep(NextStep.NEXT_STEP_RETRY_SAME_ID)
          .build();
    }
  }
}
