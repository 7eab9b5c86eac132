package dev.cardlane.sealing;

import com.google.protobuf.ByteString;
import java.util.List;

/** The public keys that a program trusts from its installation on, three of each root. */
public record TrustedRoots(
    List<VerifyingKey> vendor,
    List<VerifyingKey> acquirer,
    List<VerifyingKey> processor,
    boolean isDevelopment) {
  /** Of three root keys, so many must sign. */
  public static final int SIGNATURES_MIN = 2;

  private static final int KEYS = 3;

  /**
   * @throws IllegalArgumentException when a root is not three keys: such an installation must not
   *     start
   */
  public static TrustedRoots parse(dev.cardlane.keys.v1.TrustedRoots wire) {
    return new TrustedRoots(
        parseRoot(wire.getVendorKeysList()),
        parseRoot(wire.getAcquirerKeysList()),
        parseRoot(wire.getProcessorKeysList()),
        wire.getDevelopment());
  }

  private static List<VerifyingKey> parseRoot(List<ByteString> keys) {
    if (keys.size() != KEYS) {
      throw new IllegalArgumentException("trusted roots need three keys of each root");
    }
    try {
      return keys.stream().map(key -> new VerifyingKey(key.toByteArray())).toList();
    } catch (RejectedException notStrict) {
      throw new IllegalArgumentException("a trusted root is not a valid key", notStrict);
    }
  }
}
