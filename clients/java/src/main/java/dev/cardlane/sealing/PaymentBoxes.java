package dev.cardlane.sealing;

import java.nio.ByteBuffer;

/** Card box and PIN box: plain texts of one length, bound to their payment from the inside. */
public final class PaymentBoxes {
  private static final byte VERSION = 1;
  private static final byte CARD = 1;
  private static final byte PIN = 2;
  private static final int CONTEXT_DIGEST_BYTES = 64;
  private static final int CARD_PLAINTEXT_BYTES = 512;
  private static final int PIN_PLAINTEXT_BYTES = 128;

  private PaymentBoxes() {}

  /**
   * Seals serialised CardData for the processor's card key.
   *
   * @return 560 bytes of {@code 01 01}, H(context)[64], length u16 big-endian, card data, zeros
   */
  public static byte[] sealCard(
      byte[] recipient, byte[] contextDigest, byte[] cardData, RandomBytes random) {
    byte[] length = ByteBuffer.allocate(2).putShort((short) cardData.length).array();
    return SealedBox.seal(
        recipient, bound(CARD, contextDigest, CARD_PLAINTEXT_BYTES, length, cardData), random);
  }

  /**
   * Seals an enciphered PIN block for the PIN service.
   *
   * @return 176 bytes of {@code 01 02}, H(context)[64], key serial number[12], PIN block[16], zeros
   */
  public static byte[] sealPin(
      byte[] recipient,
      byte[] contextDigest,
      byte[] keySerialNumber,
      byte[] pinBlock,
      RandomBytes random) {
    Bytes.requireLength(
        "key serial number", keySerialNumber, DukptRegister.KEY_SERIAL_NUMBER_BYTES);
    Bytes.requireLength("PIN block", pinBlock, PinBlock.BYTES);
    return SealedBox.seal(
        recipient,
        bound(PIN, contextDigest, PIN_PLAINTEXT_BYTES, keySerialNumber, pinBlock),
        random);
  }

  /** Throws BufferOverflowException when the content is longer than the box. */
  private static byte[] bound(byte purpose, byte[] contextDigest, int length, byte[]... content) {
    Bytes.requireLength("H(context)", contextDigest, CONTEXT_DIGEST_BYTES);
    return ByteBuffer.allocate(length)
        .put(VERSION)
        .put(purpose)
        .put(contextDigest)
        .put(Bytes.concat(content))
        .array();
  }
}
