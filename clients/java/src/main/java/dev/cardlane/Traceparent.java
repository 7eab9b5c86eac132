package dev.cardlane;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** W3C Trace Context, version 00. */
public final class Traceparent {
  private static final Pattern SHAPE =
      Pattern.compile("00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");
  private static final SecureRandom RANDOM = new SecureRandom();

  private Traceparent() {}

  /** Begins a trace that is sampled. */
  public static String create() {
    return "00-" + hex(16) + "-" + hex(8) + "-01";
  }

  /** Returns the 32 hex digits of the trace; empty when the text is not a traceparent. */
  public static String traceId(String traceparent) {
    Matcher match = SHAPE.matcher(traceparent);
    return match.matches() ? match.group(1) : "";
  }

  private static String hex(int length) {
    byte[] bytes = new byte[length];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
