package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import dev.cardlane.ErrorCode;
import dev.cardlane.PaymentException;
import dev.cardlane.keys.v1.TerminalCertificate;
import dev.cardlane.payment.v1.EntryMode;
import dev.cardlane.payment.v1.PinEntry;
import dev.cardlane.payment.v1.SignedPayment;
import dev.cardlane.payment.v1.SignedResult;
import dev.cardlane.reader.CardReading.EnteredPin;
import dev.cardlane.reader.v1.CancelledBy;
import dev.cardlane.reader.v1.Confirm;
import dev.cardlane.reader.v1.PreparePayment;
import dev.cardlane.reader.v1.ReaderEventKind;
import dev.cardlane.reader.v1.ReaderMessage;
import dev.cardlane.reader.v1.ShownOutcome;
import dev.cardlane.reader.v1.TerminalMessage;
import dev.cardlane.sealing.Certificate;
import dev.cardlane.sealing.RejectedException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The reader apart from its connections: card and one payment at a time.
 *
 * <pre>
 * IDLE ──prepare──▶ AWAITING_CONFIRM ──confirm──▶ AWAITING_RESULT ──show_result──▶ IDLE
 * </pre>
 *
 * <p>A hand would put a card to the reader after {@code prepare}; here the card is there at once.
 * {@code cancel}, a step that takes too long and the loss of the session lead back to IDLE from
 * every step before the signature. After it only the terminal can cancel, because it alone knows
 * whether the payment was submitted.
 */
final class ReaderDevice {
  private static final Logger LOG = Logger.getLogger(ReaderDevice.class.getName());
  private static final Duration CONFIRM_WITHIN = Duration.ofSeconds(60);
  // submit_before is 120 s after the signature, and an answer may take its time.
  private static final Duration RESULT_WITHIN = Duration.ofSeconds(180);
  // How long after submit_before the signed bytes can still be asked for.
  private static final long RESEND_MARGIN_MS = 60_000;
  private static final EventLoop.Timer NO_TIMER = () -> {};

  private final PaymentSigner signer;
  private final Answers answers;
  private final EventLoop loop;
  private final TestCard card;
  private final Optional<String> pin;
  private AttachedTerminal terminal;
  private Underway underway;
  private EventLoop.Timer timer = NO_TIMER;

  /** A payment that was prepared. */
  private record Underway(
      PreparePayment prepared,
      Certificate<TerminalCertificate> terminal,
      CardReading reading,
      String traceparent,
      boolean isSigned) {
    ByteString paymentId() {
      return prepared.getPaymentId();
    }

    Underway signed() {
      return new Underway(prepared, terminal, reading, traceparent, true);
    }
  }

  /**
   * @param card presented for every payment
   * @param pin what is typed on the reader's own keys, if it has some
   */
  ReaderDevice(PaymentSigner signer, EventLoop loop, TestCard card, Optional<String> pin) {
    this.signer = signer;
    this.answers = new Answers(signer.store(), signer.manifest(), signer.clock());
    this.loop = loop;
    this.card = card;
    this.pin = pin;
  }

  /** Whether a PIN can be typed on the reader itself. */
  boolean hasPinPad() {
    return pin.isPresent();
  }

  /** Serves an authenticated terminal, in place of the one before. */
  void attach(AttachedTerminal terminal) {
    cut();
    this.terminal = terminal;
  }

  /** Forgets a terminal whose session is over. */
  void detach(AttachedTerminal terminal) {
    if (this.terminal == terminal) {
      cut();
      this.terminal = null;
    }
  }

  /** Follows one message. A step that does not happen is answered with a fault. */
  void obey(TerminalMessage message, AttachedTerminal from) {
    if (terminal != from) {
      return;
    }
    try {
      follow(message, from);
    } catch (PaymentException refused) {
      send(ReaderMessages.fault(refused, message).build());
    } catch (RuntimeException defect) {
      LOG.log(Level.SEVERE, "a step failed", defect);
      PaymentException internal = new PaymentException(ErrorCode.INTERNAL, "internal error");
      send(ReaderMessages.fault(internal, message).build());
    }
  }

  private void follow(TerminalMessage message, AttachedTerminal from) {
    switch (message.getMessageCase()) {
      case PREPARE_PAYMENT ->
          prepare(message.getPreparePayment(), from.certificate(), message.getTraceparent());
      case CONFIRM -> confirm(message.getConfirm());
      case CANCEL -> cancel(message.getCancel().getPaymentId());
      case SHOW_RESULT -> showResult(message.getShowResult().getResult());
      case SHOW_UNKNOWN -> showUnknown(message.getShowUnknown().getPaymentId());
      case RESEND_PAYMENT -> resend(message.getResendPayment().getPaymentId());
      default ->
          throw new PaymentException(
              ErrorCode.NOT_SUPPORTED, "the reader knows no " + message.getMessageCase());
    }
  }

  private void prepare(
      PreparePayment prepared, Certificate<TerminalCertificate> certificate, String traceparent) {
    requireNotBusy();
    PrepareCheck.require(prepared);
    long nowMs = signer.clock().nowMs();
    signer.store().dropSubmittableUntil(nowMs - RESEND_MARGIN_MS);
    signer.manifest().validAt(nowMs);
    signer.store().requireNotTaken(prepared.getPaymentId());
    CardReading reading = CardReading.present(card, prepared, answers.last());
    enter(new Underway(prepared, certificate, reading, traceparent, false), CONFIRM_WITHIN);
    List<String> lines =
        List.of(
            certificate.body().getMerchantName(),
            PrepareCheck.amountLine(prepared),
            "Insert, tap or swipe card");
    say(ReaderMessages.prepared(prepared.getPaymentId(), lines));
    present(reading);
  }

  /** Does what a hand would do: puts the card to the reader. */
  private void present(CardReading reading) {
    tell(ReaderEventKind.READER_EVENT_KIND_PROMPT_PRESENT_CARD);
    tell(
        switch (reading.entryMode()) {
          case ENTRY_MODE_CHIP -> ReaderEventKind.READER_EVENT_KIND_CARD_INSERTED;
          case ENTRY_MODE_CONTACTLESS -> ReaderEventKind.READER_EVENT_KIND_CARD_TAPPED;
          default -> ReaderEventKind.READER_EVENT_KIND_CARD_SWIPED;
        });
    say(ReaderMessages.cardRead(underway.paymentId(), reading));
  }

  private void confirm(Confirm confirm) {
    Underway confirmed = requireUnderway(confirm.getPaymentId());
    if (confirmed.isSigned()) {
      throw new PaymentException(ErrorCode.WRONG_STATE, "the payment is confirmed already");
    }
    Optional<EnteredPin> entered = confirmed.reading().enterPin(confirm, pin);
    if (entered.filter(typed -> typed.entry() == PinEntry.PIN_ENTRY_READER).isPresent()) {
      tell(ReaderEventKind.READER_EVENT_KIND_PIN_ENTRY_STARTED);
    }
    SignedPayment signed;
    try {
      signed =
          signer.sign(confirmed.prepared(), confirmed.terminal(), confirmed.reading(), entered);
    } catch (RuntimeException failure) {
      // Nothing has left the reader. What was taken (counter, PIN key) is wasted.
      idle();
      throw failure;
    }
    enter(confirmed.signed(), RESULT_WITHIN);
    say(ReaderMessages.paymentReady(signed));
  }

  private void cancel(ByteString paymentId) {
    if (requireUnderway(paymentId).isSigned()) {
      signer.store().drop(paymentId);
    }
    stop(CancelledBy.CANCELLED_BY_TERMINAL);
  }

  /** Shows what the processor signed, or UNKNOWN: nothing but its signature is believed. */
  private void showResult(SignedResult signed) {
    requireNotBusy();
    Answered answered;
    try {
      answered = answers.take(signed);
    } catch (PaymentException refused) {
      LOG.warning(() -> "result refused: " + RejectedException.reasonOf(refused));
      ByteString paymentId = underway == null ? ByteString.EMPTY : underway.paymentId();
      sayShown(paymentId, ShownOutcome.SHOWN_OUTCOME_UNKNOWN, Answers.UNKNOWN_LINES);
      return;
    }
    ByteString paymentId = answered.result().getPaymentId();
    sayShown(paymentId, answered.shown(), answered.lines());
    // A late answer to an earlier payment must not look like the answer to the one underway.
    if (underway != null && !underway.paymentId().equals(paymentId)) {
      return;
    }
    if (answered.context().getEntryMode() == EntryMode.ENTRY_MODE_CHIP) {
      tell(ReaderEventKind.READER_EVENT_KIND_PROMPT_REMOVE_CARD);
      tell(ReaderEventKind.READER_EVENT_KIND_CARD_REMOVED);
    }
    idle();
  }

  private void showUnknown(ByteString paymentId) {
    requireNotBusy();
    sayShown(paymentId, ShownOutcome.SHOWN_OUTCOME_UNKNOWN, Answers.UNKNOWN_LINES);
    idle();
  }

  /** Gives out the same bytes again, as long as they are kept. */
  private void resend(ByteString paymentId) {
    SignedPayment kept =
        signer
            .store()
            .kept(paymentId)
            .orElseThrow(
                () ->
                    new PaymentException(
                        ErrorCode.PAYMENT_NOT_FOUND,
                        "the reader has no signed bytes of this payment"));
    say(ReaderMessages.paymentReady(kept));
  }

  private void requireNotBusy() {
    if (underway != null && !underway.isSigned()) {
      throw new PaymentException(ErrorCode.READER_BUSY, "the reader is busy with another payment");
    }
  }

  private Underway requireUnderway(ByteString paymentId) {
    if (underway == null || !underway.paymentId().equals(paymentId)) {
      throw new PaymentException(
          ErrorCode.WRONG_STATE, "the reader is not busy with this payment_id");
    }
    return underway;
  }

  private void enter(Underway next, Duration within) {
    timer.cancel();
    underway = next;
    timer = loop.schedule(within, this::expire);
  }

  private void expire() {
    if (underway.isSigned()) {
      idle();
    } else {
      stop(CancelledBy.CANCELLED_BY_TIMEOUT);
    }
  }

  /** Stops when the session is lost. What was signed is kept: its answer may still come. */
  private void cut() {
    if (underway != null && !underway.isSigned()) {
      idle();
    }
  }

  private void stop(CancelledBy cancelledBy) {
    say(ReaderMessages.cancelled(underway.paymentId(), cancelledBy));
    idle();
  }

  private void idle() {
    timer.cancel();
    timer = NO_TIMER;
    underway = null;
  }

  private void sayShown(ByteString paymentId, ShownOutcome shown, List<String> lines) {
    say(ReaderMessages.resultShown(paymentId, shown, lines));
  }

  private void tell(ReaderEventKind kind) {
    ByteString paymentId = underway == null ? ByteString.EMPTY : underway.paymentId();
    say(ReaderMessages.event(paymentId, kind));
  }

  /** Says something in the trace of the payment that is underway. */
  private void say(ReaderMessage.Builder message) {
    send(message.setTraceparent(underway == null ? "" : underway.traceparent()).build());
  }

  private void send(ReaderMessage message) {
    if (terminal != null) {
      terminal.send(message);
    }
  }
}
