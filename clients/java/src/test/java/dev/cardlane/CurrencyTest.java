package dev.cardlane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CurrencyTest {
  @ParameterizedTest
  @CsvSource({
    "12.50, EUR, 1250, 12.50 EUR",
    "'12,5', EUR, 1250, 12.50 EUR",
    "12, EUR, 1200, 12.00 EUR",
    "0.01, EUR, 1, 0.01 EUR",
    "9999999999.99, EUR, 999999999999, 9999999999.99 EUR",
    "700, JPY, 700, 700 JPY",
    "1.005, KWD, 1005, 1.005 KWD",
  })
  void amountsAreReadAndShown(String text, String letters, long amountMinor, String shown) {
    Currency currency = Currency.ofLetters(letters);
    assertEquals(amountMinor, currency.parseAmount(text));
    assertEquals(shown, currency.format(amountMinor));
    assertEquals(currency, Currency.ofNumber(currency.number()));
  }

  @ParameterizedTest
  @CsvSource({
    "0, EUR",
    "-1, EUR",
    "1.005, EUR",
    "10000000000, EUR",
    "7.5, JPY",
    "1e3, EUR",
    "1., EUR",
    "١٢, EUR",
    "999999999999.99, EUR",
  })
  void otherAmountsAreRefused(String text, String letters) {
    Currency currency = Currency.ofLetters(letters);
    PaymentException refused =
        assertThrows(PaymentException.class, () -> currency.parseAmount(text));
    assertEquals(ErrorCode.AMOUNT_OUT_OF_RANGE, refused.code());
  }

  @ParameterizedTest
  @CsvSource({"XXX", "E", "978", "''"})
  void otherCurrenciesAreRefused(String letters) {
    PaymentException refused =
        assertThrows(PaymentException.class, () -> Currency.ofLetters(letters));
    assertEquals(ErrorCode.CURRENCY_NOT_ACCEPTED, refused.code());
  }
}
