package dev.cardlane;

import java.security.SecureRandom;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/** Payment ids: UUIDs of version 7, 16 bytes on streams and text in unary calls. */
public final class PaymentIds {
  public static final int BYTES = 16;

  private static final SecureRandom RANDOM = new SecureRandom();

  private PaymentIds() {}

  /** Makes an id (RFC 9562, section 5.7): 48 bits of Unix milliseconds, the rest random. */
  public static String create() {
    long high = System.currentTimeMillis() << 16 | 0x7000 | RANDOM.nextInt(0x1000);
    long low = RANDOM.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL | 0x8000_0000_0000_0000L;
    return new UUID(high, low).toString();
  }

  /** Returns the id in lower case, or nothing when the text is no UUID with hyphens. */
  public static Optional<String> parse(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    boolean isOne = lower.matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    return isOne ? Optional.of(lower) : Optional.empty();
  }
}
