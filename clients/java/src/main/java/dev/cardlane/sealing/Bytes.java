package dev.cardlane.sealing;

import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Byte arrays, put together and hashed. */
public final class Bytes {
  private Bytes() {}

  /** Returns the parts one after the other. */
  public static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  /** Returns SHA-512 of the parts one after the other: 64 bytes. */
  public static byte[] sha512(byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-512");
      for (byte[] part : parts) {
        digest.update(part);
      }
      return digest.digest();
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  static byte[] requireLength(String name, byte[] bytes, int length) {
    if (bytes.length != length) {
      throw new IllegalArgumentException(name + " has " + length + " bytes, got " + bytes.length);
    }
    return bytes;
  }
}
