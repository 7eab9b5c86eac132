package dev.cardlane.sealing;

import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** One block of AES-128. */
final class AesBlock {
  private AesBlock() {}

  /** Enciphers 16 bytes under a key of 16 bytes. ECB, so for single blocks alone. */
  static byte[] encipher(byte[] key, byte[] block) {
    Bytes.requireLength("AES-128 key", key, 16);
    Bytes.requireLength("AES block", block, 16);
    try {
      Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding");
      cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
      return cipher.doFinal(block);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
