package dev.cardlane.till;

import dev.cardlane.payment.v1.Certainty;
import dev.cardlane.payment.v1.PaymentState;

/**
 * What scripts read from the end of a command. Undone payments count as declined: nothing is
 * charged.
 */
public enum ExitCode {
  APPROVED(0),
  ERROR(1),
  DECLINED(2),
  UNKNOWN(3);

  private final int number;

  ExitCode(int number) {
    this.number = number;
  }

  /** For {@link System#exit}. */
  public int number() {
    return number;
  }

  /** Returns the code for what is known of a payment. */
  static ExitCode of(Certainty certainty, PaymentState state) {
    if (certainty != Certainty.CERTAINTY_FINAL) {
      return UNKNOWN;
    }
    return switch (state) {
      case PAYMENT_STATE_UNSPECIFIED -> ERROR; // a fault that surely changed nothing
      case PAYMENT_STATE_APPROVED, PAYMENT_STATE_AUTHORIZED, PAYMENT_STATE_CAPTURED -> APPROVED;
      default -> DECLINED;
    };
  }
}
