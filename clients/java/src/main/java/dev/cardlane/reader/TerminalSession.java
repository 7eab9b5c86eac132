package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import dev.cardlane.PaymentException;
import dev.cardlane.keys.v1.DelegatedManifest;
import dev.cardlane.keys.v1.ReaderCertificate;
import dev.cardlane.keys.v1.TerminalCertificate;
import dev.cardlane.mesh.v1.Close;
import dev.cardlane.mesh.v1.Drain;
import dev.cardlane.mesh.v1.DrainReason;
import dev.cardlane.mesh.v1.Heartbeat;
import dev.cardlane.reader.v1.ReaderHello;
import dev.cardlane.reader.v1.ReaderMessage;
import dev.cardlane.reader.v1.SessionRequest;
import dev.cardlane.reader.v1.SessionResponse;
import dev.cardlane.reader.v1.TerminalHello;
import dev.cardlane.reader.v1.TerminalMessage;
import dev.cardlane.sealing.Certificate;
import dev.cardlane.sealing.RejectedException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.logging.Logger;

/**
 * One terminal's session, as the reader sees it. Nothing is obeyed before both Hellos have named
 * both certificates.
 */
final class TerminalSession {
  private static final Logger LOG = Logger.getLogger(TerminalSession.class.getName());
  // A payment with its result is under 2 KiB, a full manifest under 6.
  private static final int SALT_BYTES_MAX = 8_192;
  // From M1 to the terminal's Hello.
  private static final Duration HANDSHAKE_MAX = Duration.ofSeconds(10);
  // How often each side speaks when it has nothing to say; silence of 2.5 times that is an end.
  private static final Duration HEARTBEAT = Duration.ofSeconds(10);
  private static final Duration SILENCE_MAX = Duration.ofSeconds(25);
  private static final int DRAIN_GRACE_MS = 5_000;
  private static final String FIRMWARE = "cardlane-java 0.1.0";
  // What is not known here must not get into what is signed.
  private static final Parser<TerminalMessage> TERMINAL_MESSAGES =
      DiscardUnknownFieldsParser.wrap(TerminalMessage.parser());

  private final Parts parts;
  private final Line line;
  private final TerminalHandshake handshake;
  private TerminalHandshake.Accepted accepted;
  private AttachedTerminal attached;
  private EventLoop.Timer death;
  private EventLoop.Timer beat = () -> {};
  private boolean isOver;

  /** What a session needs besides its line. */
  record Parts(
      TerminalHandshake.Parts handshake,
      ReaderDevice device,
      Certificate<ReaderCertificate> certificate,
      EventLoop loop) {}

  /** What a session speaks on. */
  interface Line {
    void send(SessionResponse frame);

    /**
     * Called once, at the end.
     *
     * @param isOrderly false when the terminal was refused: whatever was wrong looks the same from
     *     outside
     */
    void end(boolean isOrderly);
  }

  TerminalSession(Parts parts, Line line) {
    this.parts = parts;
    this.line = line;
    this.handshake = new TerminalHandshake(parts.handshake());
    this.death = parts.loop().schedule(HANDSHAKE_MAX, this::die);
    sendSalt(handshake.m1());
  }

  /** Takes one frame of the terminal. */
  void receive(SessionRequest frame) {
    if (isOver) {
      return;
    }
    try {
      if (frame.getSalt().size() > SALT_BYTES_MAX) {
        throw new RejectedException("packet too large");
      }
      if (accepted == null) {
        handshake.receive(frame).ifPresent(this::showItself);
      } else {
        hear(open(frame));
      }
    } catch (RejectedException | PaymentException refused) {
      refuse(refused);
    }
  }

  /** Asks the terminal to end the session, because the reader will stop. */
  void drain() {
    Drain.Builder drain =
        Drain.newBuilder().setReason(DrainReason.DRAIN_REASON_SHUTDOWN).setGraceMs(DRAIN_GRACE_MS);
    send(ReaderMessage.newBuilder().setDrain(drain).build());
  }

  /** Ends the session; without effect when it is over. */
  void close() {
    close(true);
  }

  private void close(boolean isOrderly) {
    if (isOver) {
      return;
    }
    isOver = true;
    death.cancel();
    beat.cancel();
    if (accepted != null) {
      accepted.channel().close();
    }
    if (attached != null) {
      parts.device().detach(attached);
    }
    line.end(isOrderly);
  }

  private void showItself(TerminalHandshake.Accepted terminal) {
    accepted = terminal;
    sendSalt(terminal.m4());
    ReaderHello.Builder hello =
        ReaderHello.newBuilder()
            .setReaderCertificate(parts.certificate().envelope())
            .setTerminalCertificateDigest(ByteString.copyFrom(terminal.certificate().digest()))
            .setManifestNumber(parts.handshake().manifest().number())
            .setFirmware(FIRMWARE)
            .setHasPinPad(parts.device().hasPinPad())
            .setTimeMs(parts.handshake().clock().nowMs());
    send(ReaderMessage.newBuilder().setHello(hello).build());
  }

  private TerminalMessage open(SessionRequest frame) {
    if (!frame.hasSalt()) {
      throw new RejectedException("certificate after the handshake");
    }
    byte[] data =
        accepted
            .channel()
            .open(frame.getSalt().toByteArray(), parts.handshake().clock().monotonicMs());
    try {
      return TERMINAL_MESSAGES.parseFrom(data);
    } catch (InvalidProtocolBufferException notOne) {
      throw new RejectedException("message", notOne);
    }
  }

  private void hear(TerminalMessage message) {
    if (attached == null) {
      if (!message.hasHello()) {
        throw new RejectedException("first message is not Hello");
      }
      attach(message.getHello());
      return;
    }
    awaitDeath();
    switch (message.getMessageCase()) {
      case HEARTBEAT -> {}
      case CLOSE -> {
        send(ReaderMessage.newBuilder().setClose(Close.getDefaultInstance()).build());
        close(true);
      }
      case MANIFEST -> takeManifest(message.getManifest());
      case HELLO, DRAIN, MESSAGE_NOT_SET -> throw new RejectedException("unexpected message");
      default -> parts.device().obey(message, attached);
    }
  }

  private void attach(TerminalHello hello) {
    byte[] named = hello.getReaderCertificateDigest().toByteArray();
    if (!MessageDigest.isEqual(named, parts.certificate().digest())) {
      throw new RejectedException("Hello names another reader certificate");
    }
    if (hello.hasManifest()) {
      takeManifest(hello.getManifest());
    }
    Certificate<TerminalCertificate> certificate = accepted.certificate();
    // The manifest that has just come may know more than the one before M4.
    if (parts.handshake().manifest().isRevoked(certificate.id())) {
      throw new RejectedException("terminal certificate revoked");
    }
    TerminalCertificate terminal = certificate.body();
    if (parts.handshake().store().merchantId().isEmpty()) {
      parts.handshake().store().pairWith(terminal.getMerchantId());
    }
    attached = new AttachedTerminal(certificate, this::send);
    awaitDeath();
    parts.device().attach(attached);
    LOG.info(
        () ->
            "session open with terminal "
                + terminal.getTerminalId()
                + " of "
                + terminal.getMerchantId());
  }

  private void takeManifest(DelegatedManifest delegated) {
    try {
      parts.handshake().manifest().offer(delegated, parts.handshake().clock().nowMs());
    } catch (PaymentException refused) {
      // The manifest that is here stays; without a valid one the next payment says so.
      LOG.warning(() -> "key manifest refused: " + RejectedException.reasonOf(refused));
    }
  }

  private void awaitDeath() {
    death.cancel();
    death = parts.loop().schedule(SILENCE_MAX, this::die);
  }

  private void die() {
    refuse(new RejectedException("nothing heard"));
  }

  private void sayAlive() {
    Heartbeat.Builder heartbeat =
        Heartbeat.newBuilder().setSentAtMs(parts.handshake().clock().nowMs());
    send(ReaderMessage.newBuilder().setHeartbeat(heartbeat).build());
  }

  private void send(ReaderMessage message) {
    if (accepted == null || isOver) {
      return;
    }
    try {
      long nowMs = parts.handshake().clock().monotonicMs();
      sendSalt(accepted.channel().seal(message.toByteArray(), nowMs));
    } catch (RejectedException sessionIsADayOld) {
      refuse(sessionIsADayOld);
    }
  }

  private void sendSalt(byte[] salt) {
    beat.cancel();
    beat = parts.loop().schedule(HEARTBEAT, this::sayAlive);
    line.send(SessionResponse.newBuilder().setSalt(ByteString.copyFrom(salt)).build());
  }

  /** One answer for everything that is wrong; what it was is for the security log. */
  private void refuse(RuntimeException refused) {
    LOG.warning(() -> "session refused: " + RejectedException.reasonOf(refused));
    close(false);
  }
}
