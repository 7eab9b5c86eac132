package dev.cardlane.sealing;

import java.util.HexFormat;

/** PIN blocks of ISO 9564-1 format 4. */
public final class PinBlock {
  public static final int BYTES = 16;

  private static final int RANDOM_BYTES = 8;

  private PinBlock() {}

  /** Tells whether this is 4 to 12 decimal digits (ISO 9564-1, 9.4.2). */
  public static boolean isPin(String text) {
    return text.matches("[0-9]{4,12}");
  }

  /**
   * Returns AES(key, AES(key, PIN field) xor PAN field): 16 bytes.
   *
   * <p>The key is the AES-128 key of one payment. The block deciphers with the same card number
   * only.
   */
  public static byte[] encipher(byte[] pinKey, String pin, String pan, RandomBytes random) {
    if (!isPin(pin) || !pan.matches("[0-9]{12,19}")) {
      throw new IllegalArgumentException("a PIN has 4 to 12 digits, a card number 12 to 19");
    }
    byte[] block = AesBlock.encipher(pinKey, pinField(pin, random));
    byte[] panField = panField(pan);
    for (int at = 0; at < BYTES; at++) {
      block[at] ^= panField[at];
    }
    return AesBlock.encipher(pinKey, block);
  }

  /** {@code 4 L P…P A…A} as nibbles in 8 bytes, then 8 random bytes. */
  private static byte[] pinField(String pin, RandomBytes random) {
    String digits = "4" + Integer.toHexString(pin.length()) + pin;
    byte[] head = HexFormat.of().parseHex(digits + "A".repeat(BYTES - digits.length()));
    return Bytes.concat(head, random.next(RANDOM_BYTES));
  }

  /** {@code M P…P 0…0} as nibbles in 16 bytes, M being the number's length above 12. */
  static byte[] panField(String pan) {
    String digits = (pan.length() - 12) + pan;
    return HexFormat.of().parseHex(digits + "0".repeat(2 * BYTES - digits.length()));
  }
}
