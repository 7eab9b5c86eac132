package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import dev.cardlane.PaymentException;
import dev.cardlane.payment.v1.SignedPayment;
import dev.cardlane.reader.v1.Cancelled;
import dev.cardlane.reader.v1.CancelledBy;
import dev.cardlane.reader.v1.CardRead;
import dev.cardlane.reader.v1.PaymentReady;
import dev.cardlane.reader.v1.Prepared;
import dev.cardlane.reader.v1.ReaderEvent;
import dev.cardlane.reader.v1.ReaderEventKind;
import dev.cardlane.reader.v1.ReaderMessage;
import dev.cardlane.reader.v1.ResultShown;
import dev.cardlane.reader.v1.ShownOutcome;
import dev.cardlane.reader.v1.TerminalMessage;
import java.util.List;

/** What a reader says about payments. */
final class ReaderMessages {
  private ReaderMessages() {}

  static ReaderMessage.Builder prepared(ByteString paymentId, List<String> lines) {
    return ReaderMessage.newBuilder()
        .setPrepared(Prepared.newBuilder().setPaymentId(paymentId).addAllDisplayLines(lines));
  }

  static ReaderMessage.Builder event(ByteString paymentId, ReaderEventKind kind) {
    return ReaderMessage.newBuilder()
        .setEvent(ReaderEvent.newBuilder().setPaymentId(paymentId).setKind(kind));
  }

  static ReaderMessage.Builder cardRead(ByteString paymentId, CardReading reading) {
    return ReaderMessage.newBuilder()
        .setCardRead(
            CardRead.newBuilder()
                .setPaymentId(paymentId)
                .setMaskedPan(reading.card().maskedNumber())
                .setScheme(reading.card().scheme())
                .setEntryMode(reading.entryMode())
                .setVerification(reading.verification()));
  }

  static ReaderMessage.Builder paymentReady(SignedPayment signed) {
    return ReaderMessage.newBuilder().setPaymentReady(PaymentReady.newBuilder().setPayment(signed));
  }

  static ReaderMessage.Builder cancelled(ByteString paymentId, CancelledBy cancelledBy) {
    return ReaderMessage.newBuilder()
        .setCancelled(Cancelled.newBuilder().setPaymentId(paymentId).setCancelledBy(cancelledBy));
  }

  static ReaderMessage.Builder resultShown(
      ByteString paymentId, ShownOutcome shown, List<String> lines) {
    return ReaderMessage.newBuilder()
        .setResultShown(
            ResultShown.newBuilder()
                .setPaymentId(paymentId)
                .setShown(shown)
                .addAllDisplayLines(lines));
  }

  /** Answers a step that did not happen. */
  static ReaderMessage.Builder fault(PaymentException refused, TerminalMessage asked) {
    return ReaderMessage.newBuilder()
        .setFault(refused.toFault())
        .setFaultPaymentId(paymentIdOf(asked));
  }

  private static ByteString paymentIdOf(TerminalMessage message) {
    return switch (message.getMessageCase()) {
      case PREPARE_PAYMENT -> message.getPreparePayment().getPaymentId();
      case CONFIRM -> message.getConfirm().getPaymentId();
      case CANCEL -> message.getCancel().getPaymentId();
      case SHOW_UNKNOWN -> message.getShowUnknown().getPaymentId();
      case RESEND_PAYMENT -> message.getResendPayment().getPaymentId();
      default -> ByteString.EMPTY;
    };
  }
}
