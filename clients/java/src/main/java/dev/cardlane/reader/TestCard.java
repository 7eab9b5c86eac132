package dev.cardlane.reader;

import dev.cardlane.payment.v1.EntryMode;
import dev.cardlane.payment.v1.Verification;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Published test cards, their numbers and outcomes being those of Stripe Terminal. */
public enum TestCard {
  VISA("4242424242424242"),
  VISA_DEBIT("4000056655665556"),
  MASTERCARD("5555555555554444"),
  MASTERCARD_DEBIT("5200828282828210"),
  AMEX("378282246310005"),
  DISCOVER("6011111111111117"),
  DINERS("3056930009020004"),
  JCB("3566002020360505"),
  UNIONPAY("6200000000000005"),
  INTERAC("4506445006931933"),
  CHARGE_DECLINED("4000000000000002"),
  CHARGE_DECLINED_INSUFFICIENT_FUNDS("4000000000009995"),
  CHARGE_DECLINED_LOST_CARD("4000000000009987"),
  CHARGE_DECLINED_STOLEN_CARD("4000000000009979"),
  CHARGE_DECLINED_EXPIRED_CARD("4000000000000069"),
  CHARGE_DECLINED_PROCESSING_ERROR("4000000000000119"),
  ONLINE_PIN_CVM("4001000360000005", EntryMode.ENTRY_MODE_CONTACTLESS),
  ONLINE_PIN_SCA_RETRY("4000002760000008", EntryMode.ENTRY_MODE_CONTACTLESS),
  OFFLINE_PIN_CVM("4001007020000002"),
  OFFLINE_PIN_SCA_RETRY("4000008260000075", EntryMode.ENTRY_MODE_CONTACTLESS);

  /** PIN of every test card; what the simulated chip compares an offline PIN with. */
  public static final String PIN = "1234";

  private final String number;
  private final EntryMode entryMode;

  TestCard(String number) {
    this(number, EntryMode.ENTRY_MODE_CHIP);
  }

  TestCard(String number, EntryMode entryMode) {
    this.number = number;
    this.entryMode = entryMode;
  }

  /** Finds a card by its name in lower case, or by its number. */
  public static Optional<TestCard> find(String nameOrNumber) {
    return Arrays.stream(values())
        .filter(card -> card.label().equals(nameOrNumber) || card.number.equals(nameOrNumber))
        .findFirst();
  }

  /** Its name for people: {@code charge_declined}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Primary account number. Test numbers are not secret. */
  String number() {
    return number;
  }

  /** How it is presented when nothing else is asked for. */
  EntryMode entryMode() {
    return entryMode;
  }

  /** YYMM. */
  String expirationDate() {
    return this == CHARGE_DECLINED_EXPIRED_CARD ? "2001" : "3412";
  }

  /** What the chip asks for when it is inserted. */
  Verification chipVerification() {
    return this == OFFLINE_PIN_CVM || this == OFFLINE_PIN_SCA_RETRY
        ? Verification.VERIFICATION_OFFLINE_PIN
        : Verification.VERIFICATION_ONLINE_PIN;
  }

  /** Whether it asks for an online PIN when tapped, whatever the amount. */
  boolean isPinAskedOnTap() {
    return this == ONLINE_PIN_CVM;
  }

  /** First six and last four digits: the most that may be shown (PCI DSS 3.4.1). */
  String maskedNumber() {
    int masked = number.length() - 10;
    return number.substring(0, 6) + "*".repeat(masked) + number.substring(6 + masked);
  }

  /** Name of the scheme by the ranges of ISO/IEC 7812, for people. */
  String scheme() {
    if (startsWith("4506445")) {
      return "INTERAC";
    }
    if (startsWith("34", "37")) {
      return "AMEX";
    }
    if (startsWith("30", "36", "38")) {
      return "DINERS";
    }
    if (startsWith("35")) {
      return "JCB";
    }
    if (startsWith("6011", "65")) {
      return "DISCOVER";
    }
    if (startsWith("62")) {
      return "UNIONPAY";
    }
    if (startsWith("51", "52", "53", "54", "55")) {
      return "MASTERCARD";
    }
    return startsWith("4") ? "VISA" : "CARD";
  }

  private boolean startsWith(String... beginnings) {
    return Stream.of(beginnings).anyMatch(number::startsWith);
  }
}
