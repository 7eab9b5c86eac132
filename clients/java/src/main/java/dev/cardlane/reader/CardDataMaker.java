package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import dev.cardlane.keys.v1.TerminalCertificate;
import dev.cardlane.payment.v1.CardData;
import dev.cardlane.reader.v1.PreparePayment;
import dev.cardlane.sealing.Bytes;
import dev.cardlane.sealing.RandomBytes;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;

/** What a card hands to the reader. */
final class CardDataMaker {
  // International card with a chip, normal authorization, no restrictions (ISO/IEC 7813).
  private static final String SERVICE_CODE = "201";
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("yyMMdd").withZone(ZoneOffset.UTC);

  private CardDataMaker() {}

  /** Returns what a swipe gives: track 2 with a CVV that only a simulator can make. */
  static CardData stripe(TestCard card) {
    byte[] hash = Bytes.sha512(("cvv " + card.number()).getBytes(StandardCharsets.US_ASCII));
    int check = ((hash[0] & 0xFF) << 8 | (hash[1] & 0xFF)) % 1_000;
    String track2 =
        "%s=%s%s00000%03d".formatted(card.number(), card.expirationDate(), SERVICE_CODE, check);
    return CardData.newBuilder()
        .setPan(card.number())
        .setExpirationDate(card.expirationDate())
        .setTrack2(track2)
        .setServiceCode(SERVICE_CODE)
        .build();
  }

  /**
   * Returns what a chip gives for authorization (ISO 8583 DE 55) as BER-TLV.
   *
   * <p>Tags and lengths are those of EMV Book 3, annex A, but no card has computed the cryptogram
   * in 9F26, which is random. The reader's counter stands in for the card's own (9F36).
   */
  static CardData chip(
      TestCard card,
      PreparePayment prepared,
      TerminalCertificate terminal,
      long counter,
      long nowMs,
      RandomBytes random) {
    HexFormat hex = HexFormat.of();
    String emvData =
        tlv("9f26", hex.formatHex(random.next(8))) // application cryptogram
            + tlv("9f27", "80") // the card asks to go online
            + tlv("9f10", "06010a03a0b800") // issuer application data
            + tlv("9f37", hex.formatHex(random.next(4))) // unpredictable number
            + tlv("9f36", "%04x".formatted(counter & 0xFFFF))
            + tlv("95", "0000008000") // terminal verification results: over the floor limit
            + tlv("9a", DATE.format(Instant.ofEpochMilli(nowMs)))
            + tlv("9c", "00") // goods and services
            + tlv("9f02", "%012d".formatted(prepared.getAmounts().getTotalMinor()))
            + tlv("5f2a", "%04d".formatted(prepared.getCurrency()))
            + tlv("82", "3900") // application interchange profile
            + tlv("9f1a", "%04d".formatted(terminal.getCountry()));
    return CardData.newBuilder()
        .setPan(card.number())
        .setExpirationDate(card.expirationDate())
        .setCardSequenceNumber(1)
        .setEmvData(ByteString.copyFrom(hex.parseHex(emvData)))
        .build();
  }

  private static String tlv(String tag, String value) {
    return tag + "%02x".formatted(value.length() / 2) + value;
  }
}
