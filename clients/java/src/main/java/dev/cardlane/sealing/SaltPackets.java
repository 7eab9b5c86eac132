package dev.cardlane.sealing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The byte layouts of Salt Channel v2. All integers are little-endian. Every field has one form
 * here: reserved bits that are set are refused.
 */
final class SaltPackets {
  static final byte M3 = 3;
  static final byte M4 = 4;

  private static final byte M1 = 1;
  private static final byte M2 = 2;
  private static final byte APP = 5;
  private static final byte ENCRYPTED = 6;
  private static final byte[] PROTOCOL = "SCv2".getBytes(StandardCharsets.US_ASCII);
  private static final byte NO_SUCH_SERVER = (byte) 0x81;
  private static final int KEY_BYTES = 32;
  private static final int M1_BYTES = 42;
  private static final int M2_BYTES = 38;
  private static final int IDENTITY_BYTES = 102;
  private static final int APP_HEAD_BYTES = 6;

  private SaltPackets() {}

  /** What M3 and M4 say. */
  record Identity(int timeMs, byte[] publicKey, byte[] signature) {}

  /** An AppPacket. */
  record App(int timeMs, byte[] data) {}

  /** What M2 says. */
  record ServerKey(boolean isTimeSupported, byte[] ephemeralPublicKey) {}

  /** Returns the client's first packet: 42 bytes, asking for no particular server. */
  static byte[] buildM1(boolean isTimeSupported, byte[] ephemeralPublicKey) {
    return littleEndian(M1_BYTES)
        .put(PROTOCOL)
        .put(M1)
        .put((byte) 0)
        .putInt(isTimeSupported ? 1 : 0)
        .put(ephemeralPublicKey)
        .array();
  }

  /**
   * Reads the server's first packet: 38 bytes.
   *
   * @throws RejectedException like everything here that reads
   */
  static ServerKey parseM2(byte[] packet) {
    if (packet.length >= 2 && packet[0] == M2 && packet[1] == NO_SUCH_SERVER) {
      throw new RejectedException("no such server");
    }
    if (packet.length != M2_BYTES || packet[0] != M2 || packet[1] != 0) {
      throw new RejectedException("channel packet");
    }
    ByteBuffer buffer = ByteBuffer.wrap(packet).order(ByteOrder.LITTLE_ENDIAN).position(2);
    int timeSupport = buffer.getInt();
    if (timeSupport != 0 && timeSupport != 1) {
      throw new RejectedException("channel time");
    }
    return new ServerKey(timeSupport == 1, take(buffer, KEY_BYTES));
  }

  /** Returns M3 or M4 before encryption. */
  static byte[] buildIdentity(byte type, Identity identity) {
    return littleEndian(IDENTITY_BYTES)
        .put(type)
        .put((byte) 0)
        .putInt(identity.timeMs())
        .put(identity.publicKey())
        .put(identity.signature())
        .array();
  }

  /** Reads M3 or M4 after decryption. */
  static Identity parseIdentity(byte type, byte[] clear) {
    if (clear.length != IDENTITY_BYTES) {
      throw new RejectedException("channel packet");
    }
    ByteBuffer buffer = ByteBuffer.wrap(clear).order(ByteOrder.LITTLE_ENDIAN);
    int timeMs = parseHead(type, buffer);
    return new Identity(
        timeMs, take(buffer, KEY_BYTES), take(buffer, VerifyingKey.SIGNATURE_BYTES));
  }

  /** Returns an AppPacket before encryption. */
  static byte[] buildApp(int timeMs, byte[] data) {
    return littleEndian(APP_HEAD_BYTES + data.length)
        .put(APP)
        .put((byte) 0)
        .putInt(timeMs)
        .put(data)
        .array();
  }

  /** Reads an AppPacket after decryption. Several messages in one packet are refused. */
  static App parseApp(byte[] clear) {
    if (clear.length < APP_HEAD_BYTES) {
      throw new RejectedException("channel packet");
    }
    ByteBuffer buffer = ByteBuffer.wrap(clear).order(ByteOrder.LITTLE_ENDIAN);
    int timeMs = parseHead(APP, buffer);
    return new App(timeMs, take(buffer, buffer.remaining()));
  }

  /** Returns what goes over the wire after the handshake's first two packets. */
  static byte[] buildEncrypted(byte[] box) {
    return Bytes.concat(new byte[] {ENCRYPTED, 0}, box);
  }

  /** Returns the box inside. The flag of a last packet proves nothing, so it is refused. */
  static byte[] parseEncrypted(byte[] packet) {
    if (packet.length < 2 || packet[0] != ENCRYPTED || packet[1] != 0) {
      throw new RejectedException("channel flags");
    }
    return Arrays.copyOfRange(packet, 2, packet.length);
  }

  /** Returns what a side signs: {@code SC-SIG01} or {@code SC-SIG02}, SHA-512(M1), SHA-512(M2). */
  static byte[] challenge(String prefix, byte[] m1, byte[] m2) {
    byte[] head = prefix.getBytes(StandardCharsets.US_ASCII);
    return Bytes.concat(head, Bytes.sha512(m1), Bytes.sha512(m2));
  }

  private static int parseHead(byte type, ByteBuffer clear) {
    if (clear.get() != type || clear.get() != 0) {
      throw new RejectedException("channel packet");
    }
    int timeMs = clear.getInt();
    if (timeMs < 0) { // 2^31 and above
      throw new RejectedException("channel time");
    }
    return timeMs;
  }

  private static ByteBuffer littleEndian(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] take(ByteBuffer buffer, int length) {
    byte[] bytes = new byte[length];
    buffer.get(bytes);
    return bytes;
  }
}
