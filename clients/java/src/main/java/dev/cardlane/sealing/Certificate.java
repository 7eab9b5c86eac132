package dev.cardlane.sealing;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.cardlane.Canonical;
import dev.cardlane.ErrorCode;
import dev.cardlane.PaymentException;
import dev.cardlane.keys.v1.ReaderCertificate;
import dev.cardlane.keys.v1.SignedEnvelope;
import dev.cardlane.keys.v1.TerminalCertificate;
import dev.cardlane.sealing.Dsse.PayloadType;
import java.util.Arrays;
import java.util.List;

/**
 * A verified certificate of a reader or a terminal. Merchant facts come from a terminal's alone.
 *
 * @param body what it says
 * @param envelope as it was issued
 * @param digest SHA-512 of the payload: what the other side's Hello names
 */
public record Certificate<M extends Message>(M body, SignedEnvelope envelope, byte[] digest) {
  /** First 8 bytes of SHA-512 of the payload. */
  public byte[] id() {
    return Arrays.copyOf(digest, KeyId.BYTES);
  }

  /**
   * Checks signatures, dates and content.
   *
   * @throws PaymentException CERTIFICATE_REJECTED whatever is wrong
   */
  public static Certificate<ReaderCertificate> verifyReader(
      SignedEnvelope envelope, TrustedRoots roots, long nowMs) {
    return verify(
        PayloadType.READER_CERTIFICATE,
        envelope,
        roots.vendor(),
        ReaderCertificate.parser(),
        body -> {
          require("version", body.getVersion() == 1);
          require("dates", isWithin(nowMs, body.getNotBeforeMs(), body.getNotAfterMs()));
          require("development", roots.isDevelopment() || !body.getDevelopment());
          require("serial", body.getSerial().matches("[A-Z0-9-]{1,20}"));
          requireStrictKeys(body.getIdentityKey(), body.getSigningKey());
        });
  }

  /**
   * Checks signatures, dates and content.
   *
   * @throws PaymentException CERTIFICATE_REJECTED whatever is wrong
   */
  public static Certificate<TerminalCertificate> verifyTerminal(
      SignedEnvelope envelope, TrustedRoots roots, long nowMs) {
    return verify(
        PayloadType.TERMINAL_CERTIFICATE,
        envelope,
        roots.acquirer(),
        TerminalCertificate.parser(),
        body -> {
          require("version", body.getVersion() == 1);
          require("dates", isWithin(nowMs, body.getNotBeforeMs(), body.getNotAfterMs()));
          require("development", roots.isDevelopment() || !body.getDevelopment());
          require("terminal id", body.getTerminalId().matches("[A-Z0-9]{8}"));
          require("merchant id", body.getMerchantId().matches("[A-Z0-9]{15}"));
          requireStrictKeys(body.getIdentityKey(), body.getSigningKey());
        });
  }

  /** What a certificate of one kind must say; throws RejectedException. */
  @FunctionalInterface
  private interface ContentCheck<M> {
    void check(M body);
  }

  /** Signatures first, then the one canonical serialisation, then what it says. */
  private static <M extends Message> Certificate<M> verify(
      PayloadType type,
      SignedEnvelope envelope,
      List<VerifyingKey> root,
      Parser<M> parser,
      ContentCheck<M> content) {
    try {
      require("signatures", Dsse.hasThreshold(type, envelope, root, TrustedRoots.SIGNATURES_MIN));
      byte[] payload = envelope.getPayload().toByteArray();
      M body = Canonical.decode(parser, payload);
      content.check(body);
      return new Certificate<>(body, envelope, Bytes.sha512(payload));
    } catch (RejectedException | PaymentException refused) {
      // One outward failure for everything; the reason is for the security log alone.
      throw new PaymentException(ErrorCode.CERTIFICATE_REJECTED, "certificate rejected", refused);
    }
  }

  private static boolean isWithin(long nowMs, long notBeforeMs, long notAfterMs) {
    return notBeforeMs <= nowMs && nowMs <= notAfterMs;
  }

  private static void requireStrictKeys(ByteString... keys) {
    for (ByteString key : keys) {
      new VerifyingKey(key.toByteArray());
    }
  }

  private static void require(String reason, boolean isRight) {
    if (!isRight) {
      throw new RejectedException("certificate " + reason);
    }
  }
}
