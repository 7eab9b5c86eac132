package dev.cardlane.sealing;

import java.util.Arrays;

/** Names of public keys and certificates. */
public final class KeyId {
  public static final int BYTES = 8;

  private KeyId() {}

  /** Returns the first 8 bytes of SHA-512 of a raw public key, or of a certificate's payload. */
  public static byte[] of(byte[] bytes) {
    return Arrays.copyOf(Bytes.sha512(bytes), BYTES);
  }
}
