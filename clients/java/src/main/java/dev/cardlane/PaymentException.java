package dev.cardlane;

import dev.cardlane.payment.v1.PaymentFault;

/**
 * A refusal or failure of the closed table. The message says what was expected and what came, and
 * never holds card data.
 */
public final class PaymentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  public PaymentException(ErrorCode code, String message) {
    super(message);
    this.code = code;
  }

  /** The cause is for the security log alone. */
  public PaymentException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** Which row of the table. */
  public ErrorCode code() {
    return code;
  }

  /** Returns what the other side of a stream gets to know. */
  public PaymentFault toFault() {
    return PaymentFault.newBuilder()
        .setCode(code.name())
        .setMessage(getMessage())
        .setCertainty(code.certainty())
        .setNextStep(code.nextStep())
        .build();
  }
}
