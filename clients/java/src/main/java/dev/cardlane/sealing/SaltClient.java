package dev.cardlane.sealing;

import dev.cardlane.sealing.SaltPackets.Identity;
import dev.cardlane.sealing.SaltPackets.ServerKey;
import java.util.Arrays;

/**
 * The handshake of Salt Channel v2 from the client's side: the reader stays hidden until it trusts
 * the terminal.
 *
 * <p>Send {@link #m1}, then call {@link #receiveM2}, {@link #receiveM3} and {@link #acceptServer},
 * each once. Every step throws {@link RejectedException}. All times are of a clock that is never
 * set back.
 */
public final class SaltClient {
  private final SigningKey identity;
  private final AgreementKey ephemeral;
  private final long ownEpochMs;
  private final boolean isTimeUsed;
  private final byte[] m1;
  private byte[] m2;
  private SaltTimes times;
  private SaltCipher cipher;

  /** M4, which shows the client to the server, and the channel. */
  public record Accepted(byte[] m4, SaltChannel channel) {}

  public SaltClient(SigningKey identity, RandomBytes random, long nowMs) {
    this(identity, random, nowMs, true);
  }

  /** For the published session, whose time fields are zero. */
  SaltClient(SigningKey identity, RandomBytes random, long nowMs, boolean isTimeUsed) {
    this.identity = identity;
    this.ephemeral = new AgreementKey(random.next(AgreementKey.KEY_BYTES));
    this.ownEpochMs = nowMs;
    this.isTimeUsed = isTimeUsed;
    this.m1 = SaltPackets.buildM1(isTimeUsed, ephemeral.publicKey());
  }

  /** To be sent first: 42 bytes. */
  public byte[] m1() {
    return m1.clone();
  }

  /** Agrees on the session's key. */
  public void receiveM2(byte[] packet, long nowMs) {
    ServerKey server = SaltPackets.parseM2(packet);
    if (isTimeUsed && !server.isTimeSupported()) {
      throw new RejectedException("channel time");
    }
    if (Arrays.equals(server.ephemeralPublicKey(), ephemeral.publicKey())) {
      throw new RejectedException("channel reflected");
    }
    m2 = packet.clone();
    times = new SaltTimes(ownEpochMs, nowMs, isTimeUsed);
    times.checkAnswer(nowMs);
    byte[] key = ephemeral.sharedKey(server.ephemeralPublicKey());
    cipher = new SaltCipher(key, SaltCipher.CLIENT_FIRST, SaltCipher.SERVER_FIRST);
  }

  /**
   * Returns the server's public key, which it has proved to hold.
   *
   * <p>The client has not shown its own yet. Check the server's certificate for exactly this key,
   * then call {@link #acceptServer}, or drop this and close.
   */
  public byte[] receiveM3(byte[] packet, long nowMs) {
    Identity server = SaltPackets.parseIdentity(SaltPackets.M3, cipher.open(packet));
    times.check(server.timeMs(), nowMs);
    if (Arrays.equals(server.publicKey(), identity.publicKey())) {
      throw new RejectedException("channel reflected");
    }
    byte[] signed = SaltPackets.challenge("SC-SIG01", m1, m2);
    if (!new VerifyingKey(server.publicKey()).verify(signed, server.signature())) {
      throw new RejectedException("channel signature");
    }
    return server.publicKey();
  }

  /** Shows the client to the server. */
  public Accepted acceptServer(long nowMs) {
    byte[] signature = identity.sign(SaltPackets.challenge("SC-SIG02", m1, m2));
    Identity own = new Identity(times.stamp(nowMs), identity.publicKey(), signature);
    byte[] m4 = cipher.seal(SaltPackets.buildIdentity(SaltPackets.M4, own));
    return new Accepted(m4, new SaltChannel(cipher, times));
  }
}
