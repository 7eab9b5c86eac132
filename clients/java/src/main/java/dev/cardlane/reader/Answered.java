package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import dev.cardlane.Currency;
import dev.cardlane.payment.v1.PaymentContext;
import dev.cardlane.payment.v1.Result;
import dev.cardlane.reader.v1.ShownOutcome;
import java.util.List;

/** A verified answer, and the context of the payment it answers, as it was signed. */
record Answered(ByteString contextBytes, Result result) {
  /** The same context, taken apart. */
  PaymentContext context() {
    return ReaderStore.parseContext(contextBytes);
  }

  /** What the display says in one word. */
  ShownOutcome shown() {
    return switch (result.getOutcome()) {
      case OUTCOME_APPROVED, OUTCOME_PARTIALLY_APPROVED -> ShownOutcome.SHOWN_OUTCOME_APPROVED;
      case OUTCOME_DECLINED -> ShownOutcome.SHOWN_OUTCOME_DECLINED;
      case OUTCOME_REVERSED, OUTCOME_VOIDED -> ShownOutcome.SHOWN_OUTCOME_REVERSED;
      default -> ShownOutcome.SHOWN_OUTCOME_UNKNOWN;
    };
  }

  /** What the display says. */
  List<String> lines() {
    return switch (shown()) {
      case SHOWN_OUTCOME_APPROVED -> List.of("APPROVED", approvedAmount());
      case SHOWN_OUTCOME_DECLINED -> List.of("DECLINED", "Nothing was charged");
      case SHOWN_OUTCOME_REVERSED -> List.of("REVERSED", "Nothing was charged");
      default -> Answers.UNKNOWN_LINES;
    };
  }

  /**
   * Tells whether another answer to the same payment comes after this one. Of two answers of one
   * revision that say different things, the first one stands.
   */
  boolean isReplacedBy(Result other) {
    return other.getRevision() == result.getRevision()
        ? other.getOutcome() == result.getOutcome()
        : Integer.compareUnsigned(other.getRevision(), result.getRevision()) > 0;
  }

  private String approvedAmount() {
    return Currency.ofNumber(result.getCurrency()).format(result.getApprovedAmountMinor());
  }
}
