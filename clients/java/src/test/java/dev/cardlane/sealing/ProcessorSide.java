package dev.cardlane.sealing;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cardlane.Canonical;
import dev.cardlane.ErrorCode;
import dev.cardlane.PaymentException;
import dev.cardlane.payment.v1.Amounts;
import dev.cardlane.payment.v1.EntryMode;
import dev.cardlane.payment.v1.PaymentContext;
import dev.cardlane.payment.v1.PaymentKind;
import dev.cardlane.payment.v1.PinEntry;
import dev.cardlane.payment.v1.ReaderPayment;
import dev.cardlane.payment.v1.SignedResult;
import dev.cardlane.payment.v1.Verification;
import dev.cardlane.processor.v1.Answer;
import dev.cardlane.processor.v1.HopAnswer;
import dev.cardlane.sealing.Dsse.PayloadType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** What a processor and its PIN service do, as far as the vectors ask. For tests alone. */
final class ProcessorSide {
  private static final int CARD_BOX_BYTES = 560;
  private static final int PIN_BOX_BYTES = 176;
  private static final int READER_PAYMENT_BYTES_MAX = 1_200;
  private static final long AMOUNT_MINOR_MAX = 999_999_999_999L;
  private static final long SUBMIT_WITHIN_MS = 120_000;
  private static final Set<PaymentKind> READER_KINDS =
      Set.of(
          PaymentKind.PAYMENT_KIND_SALE,
          PaymentKind.PAYMENT_KIND_AUTHORIZATION,
          PaymentKind.PAYMENT_KIND_REFUND,
          PaymentKind.PAYMENT_KIND_BALANCE_ENQUIRY);

  private ProcessorSide() {}

  /** Checks every field. Throws PaymentException. */
  static ReaderPayment parse(byte[] bytes) {
    require("reader_payment", 0 < bytes.length && bytes.length <= READER_PAYMENT_BYTES_MAX);
    ReaderPayment payment = Canonical.decode(ReaderPayment.parser(), bytes);
    PaymentContext context =
        Canonical.decode(PaymentContext.parser(), payment.getContext().toByteArray());
    boolean hasPin = context.getVerification() == Verification.VERIFICATION_ONLINE_PIN;
    int previous = context.getPreviousPaymentId().size();
    long submitBeforeMs = context.getSubmitBeforeMs();
    require("version", context.getVersion() == 1);
    require("payment_id", context.getPaymentId().size() == 16);
    require("previous_payment_id", previous == 0 || previous == 16);
    require("reader_serial", context.getReaderSerial().matches("[A-Z0-9-]{1,32}"));
    require("reader_certificate_id", context.getReaderCertificateId().size() == 8);
    require("counter", context.getCounter() != 0);
    require("kind", READER_KINDS.contains(context.getKind()));
    require("merchant_id", context.getMerchantId().matches("[A-Z0-9]{15}"));
    require("terminal_id", context.getTerminalId().matches("[A-Z0-9]{8}"));
    require("terminal_certificate_id", context.getTerminalCertificateId().size() == 8);
    require("entry_mode", isKnown(context.getEntryMode()));
    require("verification", isKnown(context.getVerification()));
    require("pin_entry", hasPin == (context.getPinEntry() != PinEntry.PIN_ENTRY_UNSPECIFIED));
    require("card_key_id", context.getCardKeyId().size() == 8);
    require("pin_key_id", context.getPinKeyId().size() == (hasPin ? 8 : 0));
    require(
        "submit_before_ms",
        0 <= submitBeforeMs && submitBeforeMs <= context.getReaderTimeMs() + SUBMIT_WITHIN_MS);
    require("card_box", payment.getCardBox().size() == CARD_BOX_BYTES);
    require("pin_box", payment.getPinBox().size() == (hasPin ? PIN_BOX_BYTES : 0));
    requireAmounts(context);
    return payment;
  }

  private static boolean isKnown(Enum<?> value) {
    return value.ordinal() != 0
        && value != EntryMode.UNRECOGNIZED
        && value != Verification.UNRECOGNIZED;
  }

  private static void requireAmounts(PaymentContext context) {
    if (context.getCurrency() < 1 || context.getCurrency() > 999) {
      throw new PaymentException(ErrorCode.CURRENCY_NOT_ACCEPTED, "currency");
    }
    Amounts amounts = context.getAmounts();
    long total = amounts.getTotalMinor();
    long parts = amounts.getTipMinor() + amounts.getCashbackMinor() + amounts.getSurchargeMinor();
    boolean isEnquiry = context.getKind() == PaymentKind.PAYMENT_KIND_BALANCE_ENQUIRY;
    boolean isInRange = isEnquiry ? total == 0 : 1 <= total && total <= AMOUNT_MINOR_MAX;
    if (!isInRange || parts < 0 || parts > total) {
      throw new PaymentException(ErrorCode.AMOUNT_OUT_OF_RANGE, "amounts");
    }
  }

  /** Returns serialised CardData. Throws RejectedException. */
  static byte[] openCard(AgreementKey key, byte[] contextDigest, byte[] sealed) {
    ByteBuffer content = open(key, (byte) 1, contextDigest, sealed, CARD_BOX_BYTES);
    int length = Short.toUnsignedInt(content.getShort());
    if (length > content.remaining()) {
      throw new RejectedException("card box");
    }
    byte[] cardData = new byte[length];
    content.get(cardData);
    requireZeros(content);
    return cardData;
  }

  /** Returns key serial number[12] and PIN block[16]. Throws RejectedException. */
  static byte[] openPin(AgreementKey key, byte[] contextDigest, byte[] sealed) {
    ByteBuffer content = open(key, (byte) 2, contextDigest, sealed, PIN_BOX_BYTES);
    byte[] opened = new byte[28];
    content.get(opened);
    requireZeros(content);
    return opened;
  }

  private static ByteBuffer open(
      AgreementKey key, byte purpose, byte[] contextDigest, byte[] sealed, int length) {
    if (sealed.length != length) {
      throw new RejectedException("box length");
    }
    byte[] head = Bytes.concat(new byte[] {1, purpose}, contextDigest);
    return afterHead(head, SealedBox.open(key, sealed));
  }

  /** Returns the payload of a hop box. Throws RejectedException. */
  static byte[] openHop(AgreementKey key, byte[] peer, byte direction, String relay, byte[] box) {
    if (box.length < SecretBox.NONCE_BYTES) {
      throw new RejectedException("box length");
    }
    byte[] nonce = Arrays.copyOf(box, SecretBox.NONCE_BYTES);
    byte[] sealed = Arrays.copyOfRange(box, SecretBox.NONCE_BYTES, box.length);
    byte[] head = Bytes.concat(new byte[] {1, 3, direction}, relay.getBytes());
    ByteBuffer payload = afterHead(head, SecretBox.open(key.sharedKey(peer), nonce, sealed));
    byte[] bytes = new byte[payload.remaining()];
    payload.get(bytes);
    return bytes;
  }

  private static ByteBuffer afterHead(byte[] head, byte[] plain) {
    if (plain.length < head.length || !Arrays.equals(head, Arrays.copyOf(plain, head.length))) {
      throw new RejectedException("box head");
    }
    return ByteBuffer.wrap(plain).position(head.length);
  }

  private static void requireZeros(ByteBuffer rest) {
    while (rest.hasRemaining()) {
      if (rest.get() != 0) {
        throw new RejectedException("box padding");
      }
    }
  }

  /** Returns the PIN in an ISO 9564-1 format 4 block. Throws RejectedException. */
  static String decipherPin(byte[] baseKey, byte[] serialNumber, String pan, byte[] block) {
    if (serialNumber.length != DukptRegister.KEY_SERIAL_NUMBER_BYTES
        || block.length != PinBlock.BYTES) {
      throw new RejectedException("PIN block length");
    }
    byte[] key = pinKey(baseKey, serialNumber);
    byte[] inner = decipher(key, block);
    byte[] panField = PinBlock.panField(pan);
    for (int at = 0; at < inner.length; at++) {
      inner[at] ^= panField[at];
    }
    String field = HexFormat.of().formatHex(decipher(key, inner)).substring(0, 16);
    int length = Character.digit(field.charAt(1), 16);
    String shape = "4.[0-9]{" + length + "}a{" + (14 - length) + "}";
    if (length < 4 || length > 12 || !field.matches(shape)) {
      throw new RejectedException("PIN block");
    }
    return field.substring(2, 2 + length);
  }

  /** Derives a key for each one-bit of the counter, from the highest on. */
  private static byte[] pinKey(byte[] baseDerivationKey, byte[] serialNumber) {
    byte[] id = Arrays.copyOf(serialNumber, DukptRegister.INITIAL_KEY_ID_BYTES);
    int counter = ByteBuffer.wrap(serialNumber, id.length, Integer.BYTES).getInt();
    byte[] key = DukptRegister.deriveInitialKey(baseDerivationKey, id);
    int soFar = 0;
    for (int bit = 1 << 31; bit != 0; bit >>>= 1) {
      if ((counter & bit) != 0) {
        soFar |= bit;
        key = DukptRegister.derive(key, DukptRegister.USAGE_KEY_DERIVATION, id, soFar);
      }
    }
    return DukptRegister.derive(key, DukptRegister.USAGE_PIN_ENCRYPTION, id, counter);
  }

  private static byte[] decipher(byte[] key, byte[] block) {
    try {
      Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding");
      cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"));
      return cipher.doFinal(block);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Returns what one signature vouches for in a HopAnswer, when it is right. */
  static byte[] boxResults(VerifyingKey key, String relayId, byte[] hopAnswer) {
    HopAnswer box = parsed(hopAnswer);
    ByteString keyId = ByteString.copyFrom(key.keyId());
    boolean isWhole = box.getResultsSignature().getKeyId().equals(keyId);
    byte[] body = relayId.getBytes(StandardCharsets.US_ASCII);
    int count = 0;
    for (Answer answer : box.getAnswersList()) {
      if (!answer.hasResult()) {
        continue;
      }
      SignedResult signed = answer.getResult();
      byte[] signature = signed.getSignature().toByteArray();
      isWhole &= signed.getKeyId().equals(keyId) && signature.length == 64;
      byte[] number = ByteBuffer.allocate(Long.BYTES).putLong(answer.getRequestNumber()).array();
      byte[] digest = Dsse.digest(PayloadType.RESULT, signed.getResult().toByteArray());
      body = Bytes.concat(body, number, digest, signature);
      count++;
    }
    String name = "application/vnd.cardlane.box-results.v1";
    String head = "DSSEv1 " + name.length() + " " + name + " " + body.length + " ";
    byte[] encoding = Bytes.concat(head.getBytes(StandardCharsets.US_ASCII), body);
    byte[] signature = box.getResultsSignature().getSignature().toByteArray();
    if (!isWhole || count < 2 || !key.verify(encoding, signature)) {
      throw new PaymentException(ErrorCode.SIGNATURE_REJECTED, "signature");
    }
    return body;
  }

  private static HopAnswer parsed(byte[] hopAnswer) {
    try {
      return HopAnswer.parseFrom(hopAnswer);
    } catch (InvalidProtocolBufferException mistake) {
      throw new IllegalStateException(mistake);
    }
  }

  private static void require(String field, boolean isRight) {
    if (!isRight) {
      throw new PaymentException(ErrorCode.MALFORMED_REQUEST, field);
    }
  }
}
