package dev.cardlane.sealing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import dev.cardlane.Canonical;
import dev.cardlane.PaymentException;
import dev.cardlane.Vectors;
import dev.cardlane.payment.v1.Amounts;
import dev.cardlane.payment.v1.CardData;
import dev.cardlane.payment.v1.EntryMode;
import dev.cardlane.payment.v1.Outcome;
import dev.cardlane.payment.v1.PaymentContext;
import dev.cardlane.payment.v1.PaymentKind;
import dev.cardlane.payment.v1.PinEntry;
import dev.cardlane.payment.v1.ReaderPayment;
import dev.cardlane.payment.v1.Result;
import dev.cardlane.payment.v1.Verification;
import dev.cardlane.sealing.Dsse.PayloadType;
import dev.cardlane.sealing.DukptRegister.PinKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The payment of docs/protocol/example.md, computed from its fixed inputs. */
class WorkedExampleTest {
  private static final HexFormat HEX = HexFormat.of();
  private static final JsonObject EXPECTED =
      Vectors.read("worked-example").getAsJsonObject("outputs");
  private static final byte[] BASE_DERIVATION_KEY =
      HEX.parseHex("FEDCBA9876543210F1F1F1F1F1F1F1F1");
  private static final byte[] INITIAL_KEY_ID = HEX.parseHex("1234567890123456");
  private static final SigningKey SIGNING = new SigningKey(Vectors.repeated(0x01, 32));
  private static final AgreementKey CARD_KEY = new AgreementKey(Vectors.repeated(0x02, 32));
  private static final AgreementKey PIN_KEY = new AgreementKey(Vectors.repeated(0x03, 32));
  private static final SigningKey RESULT_KEY = new SigningKey(Vectors.repeated(0x04, 32));
  private static final AgreementKey RELAY_HOP = new AgreementKey(Vectors.repeated(0x05, 32));
  private static final AgreementKey PROCESSOR_HOP = new AgreementKey(Vectors.repeated(0x06, 32));
  private static final String PAN = "4242424242424242";

  @Test
  void everyOutputIsThePublishedOne() {
    Map<String, String> computed = new LinkedHashMap<>();
    outputs().forEach((name, bytes) -> computed.put(name, HEX.formatHex(bytes)));
    Map<String, String> expected = new LinkedHashMap<>();
    EXPECTED.entrySet().forEach(it -> expected.put(it.getKey(), it.getValue().getAsString()));
    assertEquals(expected, computed);
  }

  @Test
  void plainTextsHaveOneLengthAndNameTheirPayment() {
    byte[] card = SealedBox.open(CARD_KEY, Vectors.bytes(EXPECTED, "card_box"));
    byte[] pin = SealedBox.open(PIN_KEY, Vectors.bytes(EXPECTED, "pin_box"));
    assertEquals(512, card.length);
    assertEquals(128, pin.length);
    byte[] digest = Vectors.bytes(EXPECTED, "context_digest");
    assertArrayEquals(digest, Arrays.copyOfRange(card, 2, 66));
    assertArrayEquals(digest, Arrays.copyOfRange(pin, 2, 66));
  }

  @ParameterizedTest
  @MethodSource("bytesOfSignature")
  void signatureWithOneFlippedBitIsRefused(int at) {
    byte[] body = readerPayment(outputs());
    byte[] signature = Vectors.bytes(EXPECTED, "payment_signature");
    VerifyingKey key = new VerifyingKey(SIGNING.publicKey());
    assertTrue(Dsse.verify(PayloadType.READER_PAYMENT, body, signature, key));
    byte[] damaged = Vectors.flipped(signature, at);
    assertFalse(Dsse.verify(PayloadType.READER_PAYMENT, body, damaged, key));
  }

  static IntStream bytesOfSignature() {
    return IntStream.range(0, 64).filter(at -> at % 9 == 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 100, 300, 600, 800})
  void bodyWithOneFlippedBitIsRefused(int at) {
    byte[] body = Vectors.flipped(readerPayment(outputs()), at);
    byte[] signature = Vectors.bytes(EXPECTED, "payment_signature");
    VerifyingKey key = new VerifyingKey(SIGNING.publicKey());
    assertFalse(Dsse.verify(PayloadType.READER_PAYMENT, body, signature, key));
  }

  @Test
  void signatureOfOneTypeIsNoneOfAnother() {
    byte[] body = readerPayment(outputs());
    byte[] signature = Vectors.bytes(EXPECTED, "payment_signature");
    VerifyingKey key = new VerifyingKey(SIGNING.publicKey());
    assertFalse(Dsse.verify(PayloadType.RESULT, body, signature, key));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 40, 100, 559})
  void cardBoxWithOneFlippedBitIsRefused(int at) {
    byte[] box = Vectors.flipped(Vectors.bytes(EXPECTED, "card_box"), at);
    assertThrows(RejectedException.class, () -> SealedBox.open(CARD_KEY, box));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "f80101", // an unknown field after the others
        "0801", // the version again
        "5000", // a default value that is written
      })
  void anotherSerialisationOfTheSameContextIsRefused(String more) {
    byte[] context = Vectors.bytes(EXPECTED, "context");
    assertEquals(context(), Canonical.decode(PaymentContext.parser(), context));
    byte[] other = Bytes.concat(context, HEX.parseHex(more));
    assertThrows(PaymentException.class, () -> Canonical.decode(PaymentContext.parser(), other));
  }

  /** Returns all outputs, by their names in the document. */
  private static Map<String, byte[]> outputs() {
    Map<String, byte[]> all = new LinkedHashMap<>();
    byte[] initialKey = DukptRegister.deriveInitialKey(BASE_DERIVATION_KEY, INITIAL_KEY_ID);
    byte[] context = Canonical.encode(context());
    byte[] digest = Dsse.digest(PayloadType.PAYMENT_CONTEXT, context);
    CardData cardData =
        CardData.newBuilder()
            .setPan(PAN)
            .setExpirationDate("3412")
            .setCardSequenceNumber(1)
            .build();
    PinKey pinKey = DukptRegister.load(INITIAL_KEY_ID, initialKey).nextPinKey();
    byte[] pinBlock = PinBlock.encipher(pinKey.key(), "1234", PAN, fixed(0x12));
    byte[] pinBox =
        PaymentBoxes.sealPin(
            PIN_KEY.publicKey(), digest, pinKey.keySerialNumber(), pinBlock, fixed(0x13));
    all.put("initial_key", initialKey);
    all.put("context", context);
    all.put("context_digest", digest);
    all.put(
        "card_box",
        PaymentBoxes.sealCard(
            CARD_KEY.publicKey(), digest, Canonical.encode(cardData), fixed(0x11)));
    all.put("key_serial_number", pinKey.keySerialNumber());
    all.put("pin_block", pinBlock);
    all.put("pin_box", pinBox);
    byte[] readerPayment = readerPayment(all);
    all.put("idempotency_digest", Bytes.sha512(readerPayment));
    all.put("payment_signature", Dsse.sign(PayloadType.READER_PAYMENT, readerPayment, SIGNING));
    byte[] nonce = Vectors.repeated(0x14, SecretBox.NONCE_BYTES);
    byte[] hop = Bytes.concat(new byte[] {1, 3, 1}, "A1".getBytes(StandardCharsets.US_ASCII));
    byte[] hopKey = RELAY_HOP.sharedKey(PROCESSOR_HOP.publicKey());
    all.put("hop_box", Bytes.concat(nonce, SecretBox.seal(hopKey, nonce, hop)));
    byte[] result = Canonical.encode(result(digest));
    all.put("result", result);
    all.put("result_signature", Dsse.sign(PayloadType.RESULT, result, RESULT_KEY));
    return all;
  }

  private static byte[] readerPayment(Map<String, byte[]> parts) {
    return Canonical.encode(
        ReaderPayment.newBuilder()
            .setContext(ByteString.copyFrom(parts.get("context")))
            .setCardBox(ByteString.copyFrom(parts.get("card_box")))
            .setPinBox(ByteString.copyFrom(parts.get("pin_box")))
            .build());
  }

  private static PaymentContext context() {
    return PaymentContext.newBuilder()
        .setVersion(1)
        .setPaymentId(paymentId())
        .setReaderSerial("RD-0001")
        .setReaderCertificateId(ByteString.copyFrom(Vectors.repeated(0x21, 8)))
        .setCounter(1)
        .setKind(PaymentKind.PAYMENT_KIND_SALE)
        .setAmounts(Amounts.newBuilder().setTotalMinor(1250))
        .setCurrency(978)
        .setMerchantId("MERCHANT0000001")
        .setTerminalId("TERM0001")
        .setTerminalCertificateId(ByteString.copyFrom(Vectors.repeated(0x22, 8)))
        .setEntryMode(EntryMode.ENTRY_MODE_CHIP)
        .setVerification(Verification.VERIFICATION_ONLINE_PIN)
        .setPinEntry(PinEntry.PIN_ENTRY_TERMINAL)
        .setCardKeyId(ByteString.copyFrom(KeyId.of(CARD_KEY.publicKey())))
        .setPinKeyId(ByteString.copyFrom(KeyId.of(PIN_KEY.publicKey())))
        .setManifestNumber(1)
        .setReaderTimeMs(1_700_000_000_000L)
        .setSubmitBeforeMs(1_700_000_120_000L)
        .build();
  }

  private static Result result(byte[] contextDigest) {
    return Result.newBuilder()
        .setVersion(1)
        .setPaymentId(paymentId())
        .setRevision(1)
        .setRecordNumber("A1000000000C")
        .setRetrievalReference("000000000001")
        .setContextDigest(ByteString.copyFrom(contextDigest))
        .setOutcome(Outcome.OUTCOME_APPROVED)
        .setResponseCode("00")
        .setApprovalCode("A1B2C3")
        .setApprovedAmountMinor(1250)
        .setCurrency(978)
        .setLastFour("4242")
        .setScheme("VISA")
        .setSettlementDate(20231114)
        .setProcessorTimeMs(1_700_000_000_500L)
        .setValidUntilMs(1_700_000_300_000L)
        .setReaderSerial("RD-0001")
        .setMerchantId("MERCHANT0000001")
        .build();
  }

  private static ByteString paymentId() {
    return ByteString.copyFrom(HEX.parseHex("01932b5e8c1a70008000000000000001"));
  }

  private static RandomBytes fixed(int value) {
    return length -> Vectors.repeated(value, length);
  }
}
