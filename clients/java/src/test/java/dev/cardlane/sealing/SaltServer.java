package dev.cardlane.sealing;

import dev.cardlane.sealing.SaltPackets.Identity;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Salt Channel v2 from the server's side, as a terminal has it: answers M1 with M2 and M3. */
public final class SaltServer {
  private final byte[] m1;
  private final byte[] m2;
  private final byte[] m3;
  private final SaltCipher cipher;
  private final SaltTimes times;
  private byte[] clientPublicKey;

  public SaltServer(SigningKey identity, byte[] m1, long nowMs) {
    this(identity, RandomBytes.system(), m1, nowMs);
  }

  /** Throws RejectedException for what is no M1, like everything here that reads. */
  SaltServer(SigningKey identity, RandomBytes random, byte[] m1, long nowMs) {
    AgreementKey ephemeral = new AgreementKey(random.next(32));
    byte[] head = {'S', 'C', 'v', '2', 1, 0, 1, 0, 0, 0};
    if (m1.length != 42 || !Arrays.equals(head, Arrays.copyOf(m1, head.length))) {
      throw new RejectedException("M1");
    }
    this.m1 = m1.clone();
    this.m2 =
        ByteBuffer.allocate(38)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put((byte) 2)
            .put((byte) 0)
            .putInt(1)
            .put(ephemeral.publicKey())
            .array();
    byte[] key = ephemeral.sharedKey(Arrays.copyOfRange(m1, 10, 42));
    this.cipher = new SaltCipher(key, SaltCipher.SERVER_FIRST, SaltCipher.CLIENT_FIRST);
    this.times = new SaltTimes(nowMs, nowMs, true);
    byte[] signature = identity.sign(SaltPackets.challenge("SC-SIG01", m1, m2));
    Identity own = new Identity(0, identity.publicKey(), signature);
    this.m3 = cipher.seal(SaltPackets.buildIdentity(SaltPackets.M3, own));
  }

  public byte[] m2() {
    return m2;
  }

  public byte[] m3() {
    return m3;
  }

  /** What the client has proved to hold. */
  byte[] clientPublicKey() {
    return clientPublicKey;
  }

  /** Returns the channel to a client that has proved its key. */
  public SaltChannel receiveM4(byte[] packet) {
    Identity client = SaltPackets.parseIdentity(SaltPackets.M4, cipher.open(packet));
    byte[] signed = SaltPackets.challenge("SC-SIG02", m1, m2);
    if (!new VerifyingKey(client.publicKey()).verify(signed, client.signature())) {
      throw new RejectedException("M4");
    }
    clientPublicKey = client.publicKey();
    return new SaltChannel(cipher, times);
  }

  /** Opens what a reader sealed, as the processor does. */
  public static byte[] open(AgreementKey recipient, byte[] sealed) {
    return SealedBox.open(recipient, sealed);
  }
}
