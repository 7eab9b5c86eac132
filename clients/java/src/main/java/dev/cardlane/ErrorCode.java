package dev.cardlane;

import dev.cardlane.payment.v1.Certainty;
import dev.cardlane.payment.v1.NextStep;

/** The rows of docs/failure-modes.md that a reader can give. */
public enum ErrorCode {
  MALFORMED_REQUEST(Certainty.CERTAINTY_FINAL, NextStep.NEXT_STEP_CORRECT_REQUEST),
  AMOUNT_OUT_OF_RANGE(Certainty.CERTAINTY_FINAL, NextStep.NEXT_STEP_CORRECT_REQUEST),
  CURRENCY_NOT_ACCEPTED(Certainty.CERTAINTY_FINAL, NextStep.NEXT_STEP_CORRECT_REQUEST),
  SIGNATURE_REJECTED(Certainty.CERTAINTY_FINAL, NextStep.NEXT_STEP_DO_NOT_RETRY),
  KEY_NOT_VALID(Certainty.CERTAINTY_FINAL, NextStep.NEXT_STEP_CORRECT_REQUEST),
  CERTIFICATE_REJECTED(Certainty.CERTAINTY_FINAL, NextStep.NEXT_STEP_DO_NOT_RETRY),
  PAYMENT_NOT_FOUND(Certainty.CERTAINTY_UNKNOWN, NextStep.NEXT_STEP_RETRY_SAME_ID),
  ALREADY_SIGNED(Certainty.CERTAINTY_UNKNOWN, NextStep.NEXT_STEP_RETRY_SAME_ID),
  WRONG_STATE(Certainty.CERTAINTY_FINAL, NextStep.NEXT_STEP_DO_NOT_RETRY),
  READER_BUSY(Certainty.CERTAINTY_FINAL, NextStep.NEXT_STEP_WAIT),
  CARD_NOT_READ(Certainty.CERTAINTY_FINAL, NextStep.NEXT_STEP_INSERT_CARD),
  PIN_NOT_ENTERED(Certainty.CERTAINTY_FINAL, NextStep.NEXT_STEP_ENTER_PIN),
  NOT_SUPPORTED(Certainty.CERTAINTY_FINAL, NextStep.NEXT_STEP_DO_NOT_RETRY),
  INTERNAL(Certainty.CERTAINTY_UNKNOWN, NextStep.NEXT_STEP_RETRY_SAME_ID);

  private final Certainty certainty;
  private final NextStep nextStep;

  ErrorCode(Certainty certainty, NextStep nextStep) {
    this.certainty = certainty;
    this.nextStep = nextStep;
  }

  /** How sure it is that nothing happened. */
  public Certainty certainty() {
    return certainty;
  }

  /** What to do next. */
  public NextStep nextStep() {
    return nextStep;
  }
}
