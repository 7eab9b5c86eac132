package dev.cardlane;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** ISO 4217, the currencies that a display here can show. A reader refuses what it cannot show. */
public enum Currency {
  AUD(36, 2),
  CAD(124, 2),
  CZK(203, 2),
  DKK(208, 2),
  HUF(348, 2),
  ISK(352, 0),
  JPY(392, 0),
  KRW(410, 0),
  KWD(414, 3),
  NZD(554, 2),
  NOK(578, 2),
  SGD(702, 2),
  SEK(752, 2),
  CHF(756, 2),
  GBP(826, 2),
  USD(840, 2),
  RON(946, 2),
  EUR(978, 2),
  PLN(985, 2);

  /** Largest amount that fits ISO 8583 DE 4 (n 12), in minor units. */
  public static final long AMOUNT_MINOR_MAX = 999_999_999_999L;

  private final int number;
  private final int minorDigits;

  Currency(int number, int minorDigits) {
    this.number = number;
    this.minorDigits = minorDigits;
  }

  /**
   * @throws PaymentException CURRENCY_NOT_ACCEPTED
   */
  public static Currency ofNumber(int number) {
    return Arrays.stream(values())
        .filter(currency -> currency.number == number)
        .findFirst()
        .orElseThrow(
            () ->
                new PaymentException(
                    ErrorCode.CURRENCY_NOT_ACCEPTED, "currency " + number + " is not known here"));
  }

  /**
   * @param letters such as EUR
   * @throws PaymentException CURRENCY_NOT_ACCEPTED
   */
  public static Currency ofLetters(String letters) {
    try {
      return valueOf(letters.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException unknown) {
      String all = Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(" "));
      throw new PaymentException(
          ErrorCode.CURRENCY_NOT_ACCEPTED, "currency must be one of " + all, unknown);
    }
  }

  /** ISO 4217 numeric code. */
  public int number() {
    return number;
  }

  /** Minor units in one whole unit, such as 100. */
  public long minorUnits() {
    return BigInteger.TEN.pow(minorDigits).longValueExact();
  }

  /**
   * Returns the minor units of what a person types: {@code 12.50}, {@code 12} or {@code 12,5} in
   * EUR.
   *
   * @throws PaymentException AMOUNT_OUT_OF_RANGE for anything else, more decimals than the currency
   *     has, or 0
   */
  public long parseAmount(String text) {
    String shape =
        minorDigits == 0 ? "[0-9]{1,12}" : "[0-9]{1,12}([.,][0-9]{1," + minorDigits + "})?";
    if (!text.matches(shape)) {
      String wanted =
          minorDigits == 0 ? "a whole number" : "a number with up to " + minorDigits + " decimals";
      throw outOfRange("amount in " + name() + " must be " + wanted + ", without a sign");
    }
    BigDecimal amount = new BigDecimal(text.replace(',', '.')).movePointRight(minorDigits);
    long amountMinor = amount.longValueExact();
    if (amountMinor < 1 || amountMinor > AMOUNT_MINOR_MAX) {
      throw outOfRange("amount must be 1 to " + AMOUNT_MINOR_MAX + " minor units");
    }
    return amountMinor;
  }

  /** Returns {@code 12.50 EUR} for 1250 minor units. */
  public String format(long amountMinor) {
    return BigDecimal.valueOf(amountMinor, minorDigits).toPlainString() + " " + name();
  }

  private static PaymentException outOfRange(String message) {
    return new PaymentException(ErrorCode.AMOUNT_OUT_OF_RANGE, message);
  }
}
