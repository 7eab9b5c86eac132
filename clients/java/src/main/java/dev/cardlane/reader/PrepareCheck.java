package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import dev.cardlane.Currency;
import dev.cardlane.ErrorCode;
import dev.cardlane.PaymentException;
import dev.cardlane.PaymentIds;
import dev.cardlane.payment.v1.Amounts;
import dev.cardlane.payment.v1.PaymentKind;
import dev.cardlane.reader.v1.PreparePayment;
import java.util.Set;

/** The prepare command, checked. */
final class PrepareCheck {
  private static final Set<PaymentKind> KINDS =
      Set.of(
          PaymentKind.PAYMENT_KIND_SALE,
          PaymentKind.PAYMENT_KIND_AUTHORIZATION,
          PaymentKind.PAYMENT_KIND_REFUND,
          PaymentKind.PAYMENT_KIND_BALANCE_ENQUIRY);

  private PrepareCheck() {}

  /** Throws PaymentException for a command that no reader can follow. */
  static void require(PreparePayment prepared) {
    if (!KINDS.contains(prepared.getKind())) {
      throw new PaymentException(
          ErrorCode.NOT_SUPPORTED, "the reader takes no card for " + prepared.getKind());
    }
    if (prepared.getPaymentId().size() != PaymentIds.BYTES) {
      throw malformed("payment_id must be 16 bytes");
    }
    ByteString previous = prepared.getPreviousPaymentId();
    if (!previous.isEmpty() && previous.size() != PaymentIds.BYTES) {
      throw malformed("previous_payment_id must be 16 bytes or empty");
    }
    Currency.ofNumber(prepared.getCurrency());
    requireAmounts(prepared.getAmounts(), isEnquiry(prepared));
  }

  /** Returns what the display shows of the amount. */
  static String amountLine(PreparePayment prepared) {
    if (isEnquiry(prepared)) {
      return "Balance enquiry";
    }
    Currency currency = Currency.ofNumber(prepared.getCurrency());
    String amount = currency.format(prepared.getAmounts().getTotalMinor());
    return prepared.getKind() == PaymentKind.PAYMENT_KIND_REFUND ? "Refund " + amount : amount;
  }

  /**
   * Numbers above 2^63 come out negative here, and are refused like everything below the lowest.
   */
  private static void requireAmounts(Amounts amounts, boolean isEnquiry) {
    long lowest = isEnquiry ? 0 : 1;
    long highest = isEnquiry ? 0 : Currency.AMOUNT_MINOR_MAX;
    long total = amounts.getTotalMinor();
    if (total < lowest || total > highest) {
      throw outOfRange("amounts.total_minor must be " + lowest + " to " + highest);
    }
    long left = total;
    for (long part :
        new long[] {
          amounts.getTipMinor(), amounts.getCashbackMinor(), amounts.getSurchargeMinor()
        }) {
      if (part < 0 || part > left) {
        throw outOfRange("the parts of the amount exceed the total");
      }
      left -= part;
    }
  }

  private static boolean isEnquiry(PreparePayment prepared) {
    return prepared.getKind() == PaymentKind.PAYMENT_KIND_BALANCE_ENQUIRY;
  }

  private static PaymentException malformed(String message) {
    return new PaymentException(ErrorCode.MALFORMED_REQUEST, message);
  }

  private static PaymentException outOfRange(String message) {
    return new PaymentException(ErrorCode.AMOUNT_OUT_OF_RANGE, message);
  }
}
