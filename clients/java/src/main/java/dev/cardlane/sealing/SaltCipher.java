package dev.cardlane.sealing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The encryption of one session.
 *
 * <p>The nonce is the packet's number (u64 little-endian, then 16 zeros), which is not sent: a
 * packet that is lost, repeated or out of order does not open. After the first failure nothing
 * opens any more. The client's packets have the odd numbers, the server's the even ones.
 */
final class SaltCipher {
  static final long CLIENT_FIRST = 1;
  static final long SERVER_FIRST = 2;

  private static final long NUMBER_MAX = 0xFFFF_FFFFL;

  private final byte[] key;
  private long sendNumber;
  private long receiveNumber;
  private boolean isClosed;

  SaltCipher(byte[] key, long firstSent, long firstReceived) {
    this.key = key.clone();
    this.sendNumber = firstSent;
    this.receiveNumber = firstReceived;
  }

  /** Returns the next packet. */
  byte[] seal(byte[] clear) {
    requireUsable(sendNumber);
    byte[] box = SecretBox.seal(key, nonce(sendNumber), clear);
    sendNumber += 2;
    return SaltPackets.buildEncrypted(box);
  }

  /**
   * Returns the clear text of the peer's next packet.
   *
   * @throws RejectedException and closes, for any other packet
   */
  byte[] open(byte[] packet) {
    requireUsable(receiveNumber);
    try {
      byte[] box = SaltPackets.parseEncrypted(packet);
      byte[] clear = SecretBox.open(key, nonce(receiveNumber), box);
      receiveNumber += 2;
      return clear;
    } catch (RejectedException refused) {
      close();
      throw refused;
    }
  }

  /** Forgets the key. */
  void close() {
    isClosed = true;
    Arrays.fill(key, (byte) 0);
  }

  private void requireUsable(long number) {
    if (number > NUMBER_MAX) {
      close();
    }
    if (isClosed) {
      throw new RejectedException("channel closed");
    }
  }

  private static byte[] nonce(long number) {
    return ByteBuffer.allocate(SecretBox.NONCE_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(number)
        .array();
  }
}
