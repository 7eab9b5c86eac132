package dev.cardlane.sealing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bouncycastle.crypto.engines.Salsa20Engine;
import org.bouncycastle.math.ec.rfc7748.X25519;

/** An X25519 private key, and NaCl's way from there to a shared one. */
public final class AgreementKey {
  public static final int KEY_BYTES = 32;

  // "expand 32-byte k", the constants of Salsa20 for keys of that length.
  private static final int[] CONSTANTS = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  // Where the constants and the nonce stand in Salsa20's block: what HSalsa20 gives out.
  private static final int[] CONSTANT_WORDS = {0, 5, 10, 15};
  private static final int[] NONCE_WORDS = {6, 7, 8, 9};

  private final byte[] privateKey;
  private final byte[] publicKey = new byte[KEY_BYTES];

  public AgreementKey(byte[] privateKey) {
    this.privateKey = Bytes.requireLength("X25519 key", privateKey, KEY_BYTES).clone();
    X25519.scalarMultBase(this.privateKey, 0, publicKey, 0);
  }

  /** 32 bytes. */
  public byte[] publicKey() {
    return publicKey.clone();
  }

  /**
   * Returns NaCl's {@code crypto_box_beforenm}: HSalsa20(X25519(own, peer), 0), 32 bytes.
   *
   * @throws RejectedException when the peer's key is of small order
   */
  public byte[] sharedKey(byte[] peerPublicKey) {
    if (peerPublicKey.length != KEY_BYTES) {
      throw new RejectedException("public key");
    }
    byte[] agreed = new byte[KEY_BYTES];
    if (!X25519.calculateAgreement(privateKey, 0, peerPublicKey, 0, agreed, 0)) {
      throw new RejectedException("shared key");
    }
    return hsalsa20(agreed);
  }

  /** HSalsa20 with a nonce of zeros: Salsa20's core without its last addition. */
  private static byte[] hsalsa20(byte[] key) {
    int[] input = new int[16];
    ByteBuffer words = ByteBuffer.wrap(key).order(ByteOrder.LITTLE_ENDIAN);
    for (int each = 0; each < CONSTANTS.length; each++) {
      input[CONSTANT_WORDS[each]] = CONSTANTS[each];
      input[1 + each] = words.getInt(4 * each);
      input[11 + each] = words.getInt(16 + 4 * each);
    }
    int[] output = new int[16];
    Salsa20Engine.salsaCore(20, input, output);
    ByteBuffer shared = ByteBuffer.allocate(KEY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int word : CONSTANT_WORDS) {
      shared.putInt(output[word] - input[word]);
    }
    for (int word : NONCE_WORDS) {
      shared.putInt(output[word] - input[word]);
    }
    return shared.array();
  }
}
