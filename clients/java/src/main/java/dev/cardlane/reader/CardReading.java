package dev.cardlane.reader;

import dev.cardlane.Currency;
import dev.cardlane.ErrorCode;
import dev.cardlane.PaymentException;
import dev.cardlane.payment.v1.EntryMode;
import dev.cardlane.payment.v1.PaymentContext;
import dev.cardlane.payment.v1.PinEntry;
import dev.cardlane.payment.v1.Verification;
import dev.cardlane.reader.v1.Confirm;
import dev.cardlane.reader.v1.Confirm.PinSourceCase;
import dev.cardlane.reader.v1.PreparePayment;
import dev.cardlane.sealing.PinBlock;
import java.util.Optional;

/** A card as the reader got it: how it was presented, and how its holder is verified. */
record CardReading(TestCard card, EntryMode entryMode, Verification verification) {
  // Up to here a tap needs no PIN, in whole units of the currency: the limit of most of Europe.
  private static final int TAP_WITHOUT_PIN_MAX = 50;
  private static final String WRONG_PIN = "55";
  private static final String CHIP_AND_PIN_WANTED = "1A";

  /** An online PIN, and where it was typed. */
  record EnteredPin(String digits, PinEntry entry) {
    @Override
    public String toString() {
      return "EnteredPin";
    }
  }

  /**
   * Presents the card for a payment.
   *
   * @param last the answer that the reader showed last, which a payment with a previous_payment_id
   *     must repeat
   * @throws PaymentException WRONG_STATE when it does not
   */
  static CardReading present(TestCard card, PreparePayment prepared, Optional<Answered> last) {
    EntryMode entryMode =
        prepared.getPreviousPaymentId().isEmpty()
            ? card.entryMode()
            : entryModeOfRetry(prepared, last);
    return new CardReading(card, entryMode, verification(card, entryMode, prepared));
  }

  /** Whether it was swiped. */
  boolean isStripe() {
    return isStripe(entryMode);
  }

  /**
   * Returns the PIN to seal: nothing unless the card asks for an online PIN. The simulated chip
   * compares an offline PIN itself.
   *
   * @param ownPin what is typed on the reader's own keys, where it has some
   * @throws PaymentException PIN_NOT_ENTERED
   */
  Optional<EnteredPin> enterPin(Confirm confirm, Optional<String> ownPin) {
    boolean isOnline = verification == Verification.VERIFICATION_ONLINE_PIN;
    if (!isOnline && verification != Verification.VERIFICATION_OFFLINE_PIN) {
      return Optional.empty();
    }
    EnteredPin pin = typedPin(confirm, ownPin);
    if (!PinBlock.isPin(pin.digits())) {
      throw notEntered("PIN must be 4 to 12 digits");
    }
    if (isOnline) {
      return Optional.of(pin);
    }
    if (!pin.digits().equals(TestCard.PIN)) {
      throw notEntered("the card refused the PIN");
    }
    return Optional.empty();
  }

  private static EnteredPin typedPin(Confirm confirm, Optional<String> ownPin) {
    if (confirm.getPinSourceCase() == PinSourceCase.PIN) {
      return new EnteredPin(confirm.getPin(), PinEntry.PIN_ENTRY_TERMINAL);
    }
    return ownPin
        .filter(pin -> confirm.getPinOnReader())
        .map(pin -> new EnteredPin(pin, PinEntry.PIN_ENTRY_READER))
        .orElseThrow(() -> notEntered("this card asks for a PIN"));
  }

  private static EntryMode entryModeOfRetry(PreparePayment prepared, Optional<Answered> last) {
    Answered declined =
        last.filter(answer -> isRetryOf(prepared, answer))
            .orElseThrow(
                () ->
                    new PaymentException(
                        ErrorCode.WRONG_STATE,
                        "previous_payment_id must be the payment that this reader showed last as"
                            + " declined with 55 or 1A"));
    return declined.result().getResponseCode().equals(CHIP_AND_PIN_WANTED)
        ? EntryMode.ENTRY_MODE_CHIP
        : declined.context().getEntryMode();
  }

  private static boolean isRetryOf(PreparePayment prepared, Answered answer) {
    PaymentContext context = answer.context();
    String code = answer.result().getResponseCode();
    return answer.result().getPaymentId().equals(prepared.getPreviousPaymentId())
        && (code.equals(WRONG_PIN) || code.equals(CHIP_AND_PIN_WANTED))
        && prepared.getKind() == context.getKind()
        && prepared.getAmounts().equals(context.getAmounts())
        && prepared.getCurrency() == context.getCurrency();
  }

  private static Verification verification(
      TestCard card, EntryMode entryMode, PreparePayment prepared) {
    if (isStripe(entryMode)) {
      return Verification.VERIFICATION_SIGNATURE;
    }
    if (entryMode != EntryMode.ENTRY_MODE_CONTACTLESS) {
      return card.chipVerification();
    }
    Currency currency = Currency.ofNumber(prepared.getCurrency());
    long limitMinor = TAP_WITHOUT_PIN_MAX * currency.minorUnits();
    return card.isPinAskedOnTap() || prepared.getAmounts().getTotalMinor() > limitMinor
        ? Verification.VERIFICATION_ONLINE_PIN
        : Verification.VERIFICATION_NONE;
  }

  private static boolean isStripe(EntryMode entryMode) {
    return entryMode == EntryMode.ENTRY_MODE_MAGSTRIPE
        || entryMode == EntryMode.ENTRY_MODE_FALLBACK;
  }

  private static PaymentException notEntered(String message) {
    return new PaymentException(ErrorCode.PIN_NOT_ENTERED, message);
  }
}
