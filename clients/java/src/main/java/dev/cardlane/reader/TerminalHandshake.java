package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import dev.cardlane.Clock;
import dev.cardlane.keys.v1.SignedEnvelope;
import dev.cardlane.keys.v1.TerminalCertificate;
import dev.cardlane.reader.v1.SessionRequest;
import dev.cardlane.reader.v1.SessionRequest.FrameCase;
import dev.cardlane.sealing.Certificate;
import dev.cardlane.sealing.KeptManifest;
import dev.cardlane.sealing.RandomBytes;
import dev.cardlane.sealing.RejectedException;
import dev.cardlane.sealing.SaltChannel;
import dev.cardlane.sealing.SaltClient;
import dev.cardlane.sealing.SigningKey;
import dev.cardlane.sealing.TrustedRoots;
import java.util.Optional;

/**
 * The reader's side of the handshake: it shows itself only to a terminal that it has verified.
 * Takes M2, certificate and M3 in this order; after an error it is of no further use.
 */
final class TerminalHandshake {
  private final Parts parts;
  private final SaltClient salt;
  private Awaited awaited = Awaited.M2;
  private Certificate<TerminalCertificate> certificate;

  /** What a reader needs to shake hands. */
  record Parts(
      SigningKey identity,
      TrustedRoots roots,
      KeptManifest manifest,
      ReaderStore store,
      Clock clock,
      RandomBytes random) {}

  /** A terminal that the reader may show itself to, by sending M4 first. */
  record Accepted(byte[] m4, SaltChannel channel, Certificate<TerminalCertificate> certificate) {}

  private enum Awaited {
    M2,
    CERTIFICATE,
    M3,
    NOTHING
  }

  TerminalHandshake(Parts parts) {
    this.parts = parts;
    this.salt = new SaltClient(parts.identity(), parts.random(), parts.clock().monotonicMs());
  }

  /** To be sent first. */
  byte[] m1() {
    return salt.m1();
  }

  /**
   * Returns the terminal after M3, nothing before.
   *
   * @throws RejectedException or PaymentException whatever is wrong
   */
  Optional<Accepted> receive(SessionRequest frame) {
    Awaited now = awaited;
    awaited = Awaited.NOTHING;
    FrameCase expected =
        now == Awaited.CERTIFICATE ? FrameCase.TERMINAL_CERTIFICATE : FrameCase.SALT;
    if (now == Awaited.NOTHING || frame.getFrameCase() != expected) {
      throw new RejectedException("awaited " + now);
    }
    switch (now) {
      case M2 -> {
        salt.receiveM2(frame.getSalt().toByteArray(), parts.clock().monotonicMs());
        awaited = Awaited.CERTIFICATE;
      }
      case CERTIFICATE -> {
        certificate = check(frame.getTerminalCertificate());
        awaited = Awaited.M3;
      }
      default -> {
        return Optional.of(accept(frame.getSalt().toByteArray()));
      }
    }
    return Optional.empty();
  }

  private Certificate<TerminalCertificate> check(SignedEnvelope envelope) {
    Certificate<TerminalCertificate> checked =
        Certificate.verifyTerminal(envelope, parts.roots(), parts.clock().nowMs());
    if (parts.manifest().isRevoked(checked.id())) {
      throw new RejectedException("terminal certificate revoked");
    }
    String pairedWith = parts.store().merchantId();
    if (!pairedWith.isEmpty() && !pairedWith.equals(checked.body().getMerchantId())) {
      throw new RejectedException("paired with another merchant");
    }
    return checked;
  }

  private Accepted accept(byte[] m3) {
    long nowMs = parts.clock().monotonicMs();
    ByteString shown = ByteString.copyFrom(salt.receiveM3(m3, nowMs));
    if (!shown.equals(certificate.body().getIdentityKey())) {
      throw new RejectedException("M3 by another key than the certificate's");
    }
    SaltClient.Accepted accepted = salt.acceptServer(nowMs);
    return new Accepted(accepted.m4(), accepted.channel(), certificate);
  }
}
