package dev.cardlane.till;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.ProtocolMessageEnum;
import dev.cardlane.payment.v1.NextStep;
import java.util.Locale;
import java.util.Map;

/** What the values of the contracts are called in front of people. */
final class Words {
  // ISO 8583:1987 DE 39, the codes that people meet most.
  private static final Map<String, String> RESPONSE_CODES =
      Map.ofEntries(
          Map.entry("00", "approved"),
          Map.entry("05", "declined by the card's bank"),
          Map.entry("10", "approved for a part of the amount"),
          Map.entry("1A", "insert the card and enter the PIN"),
          Map.entry("41", "card was reported lost"),
          Map.entry("43", "card was reported stolen"),
          Map.entry("51", "not enough money"),
          Map.entry("54", "card has expired"),
          Map.entry("55", "wrong PIN"),
          Map.entry("75", "too many wrong PINs"),
          Map.entry("91", "card's bank cannot be reached"),
          Map.entry("96", "processing error"));

  private Words() {}

  /** Returns {@code declined} for PAYMENT_STATE_DECLINED. */
  static String of(ProtocolMessageEnum value) {
    if (((Enum<?>) value).name().equals("UNRECOGNIZED")) {
      return "not known";
    }
    EnumValueDescriptor descriptor = value.getValueDescriptor();
    String zero = descriptor.getType().findValueByNumber(0).getName();
    int prefix = zero.length() - "UNSPECIFIED".length();
    return descriptor.getName().substring(prefix).toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** Returns {@code 51 not enough money}. */
  static String response(String code) {
    return (code + " " + RESPONSE_CODES.getOrDefault(code, "")).strip();
  }

  /** Returns the instruction for a cashier; empty for a step that asks for nothing. */
  static String nextStep(NextStep step) {
    return switch (step) {
      case NEXT_STEP_RETRY_SAME_ID -> "send it again with the same id; that can not charge twice";
      case NEXT_STEP_ENTER_PIN -> "try again with the right PIN";
      case NEXT_STEP_INSERT_CARD -> "insert the card and try again";
      case NEXT_STEP_WAIT_FOR_REVERSAL -> "hand over nothing; it is being undone";
      case NEXT_STEP_DO_NOT_RETRY -> "do not try this again";
      case NEXT_STEP_USE_ANOTHER_CARD -> "ask for another card";
      case NEXT_STEP_WAIT -> "wait; the answer is on its way";
      case NEXT_STEP_CORRECT_REQUEST -> "correct the request; it can never be accepted as it is";
      default -> "";
    };
  }

  /** Returns {@code A17K-2M9Q-X4T8}, the way it is read out. */
  static String recordNumber(String recordNumber) {
    return recordNumber.replaceAll("(.{4})(?=.)", "$1-");
  }
}
