package dev.cardlane.sealing;

import java.security.SecureRandom;

/** Chance, passed in so that the published examples can be made again. */
@FunctionalInterface
public interface RandomBytes {
  /** Returns that many bytes, unpredictable. */
  byte[] next(int length);

  /** Bytes from the operating system. */
  static RandomBytes system() {
    SecureRandom random = new SecureRandom();
    return length -> {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      return bytes;
    };
  }
}
