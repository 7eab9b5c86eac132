package dev.cardlane.sealing;

/** An established Salt Channel: data in, packets out, and back. */
public final class SaltChannel {
  private final SaltCipher cipher;
  private final SaltTimes times;

  SaltChannel(SaltCipher cipher, SaltTimes times) {
    this.cipher = cipher;
    this.times = times;
  }

  /**
   * Returns one packet. Packets are sent in the order in which they were sealed.
   *
   * @param nowMs of a clock that is never set back
   * @throws RejectedException when the session is a day old or closed
   */
  public byte[] seal(byte[] data, long nowMs) {
    return cipher.seal(SaltPackets.buildApp(times.stamp(nowMs), data));
  }

  /**
   * Returns the data of the peer's next packet.
   *
   * @throws RejectedException after which the channel is closed
   */
  public byte[] open(byte[] packet, long nowMs) {
    byte[] clear = cipher.open(packet);
    try {
      SaltPackets.App app = SaltPackets.parseApp(clear);
      times.check(app.timeMs(), nowMs);
      return app.data();
    } catch (RejectedException refused) {
      close();
      throw refused;
    }
  }

  /** Forgets the key. Nothing opens afterwards. */
  public void close() {
    cipher.close();
  }
}
