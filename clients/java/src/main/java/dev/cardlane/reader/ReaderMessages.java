package dev.cardlane.reader;

import cardlane.payment.v1.Payment.SignedPayment;
import cardlane.reader.v1.Reader.Cancelled;
import cardlane.reader.v1.Reader.CancelledBy;
import cardlane.reader.v1.Reader.CardRead;
import cardlane.reader.v1.Reader.PaymentReady;
import cardlane.reader.v1.Reader.Prepared;
import cardlane.reader.v1.Reader.ReaderEvent;
import cardlane.reader.v1.Reader.ReaderEventKind;
import cardlane.reader.v1.Reader.ReaderMessage;
import cardlane.reader.v1.Reader.ResultShown;
import cardlane.reader.v1.Reader.ShownOutcome;
import cardlane.reader.v1.Reader.TerminalMessage;
import com.google.protobuf.ByteString;
import dev.cardlane.PaymentException;
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
