package dev.cardlane.sealing;

import java.security.MessageDigest;
import java.util.Arrays;
import org.bouncycastle.crypto.engines.XSalsa20Engine;
import org.bouncycastle.crypto.macs.Poly1305;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithIV;

/** NaCl's {@code crypto_secretbox}: XSalsa20 and Poly1305. */
public final class SecretBox {
  public static final int NONCE_BYTES = 24;

  private static final int TAG_BYTES = 16;
  private static final int MAC_KEY_BYTES = 32;

  private SecretBox() {}

  /** Returns tag[16] ‖ cipher text under a key of 32 bytes and a nonce of 24. */
  public static byte[] seal(byte[] key, byte[] nonce, byte[] message) {
    XSalsa20Engine stream = stream(key, nonce);
    byte[] macKey = macKey(stream);
    byte[] cipherText = new byte[message.length];
    stream.processBytes(message, 0, message.length, cipherText, 0);
    return Bytes.concat(tag(macKey, cipherText), cipherText);
  }

  /**
   * Returns what was sealed.
   *
   * @throws RejectedException when it was not sealed with this key and nonce
   */
  public static byte[] open(byte[] key, byte[] nonce, byte[] box) {
    if (box.length < TAG_BYTES) {
      throw new RejectedException("box");
    }
    XSalsa20Engine stream = stream(key, nonce);
    byte[] macKey = macKey(stream);
    byte[] tag = Arrays.copyOf(box, TAG_BYTES);
    byte[] cipherText = Arrays.copyOfRange(box, TAG_BYTES, box.length);
    if (!MessageDigest.isEqual(tag, tag(macKey, cipherText))) {
      throw new RejectedException("box");
    }
    byte[] message = new byte[cipherText.length];
    stream.processBytes(cipherText, 0, cipherText.length, message, 0);
    return message;
  }

  private static XSalsa20Engine stream(byte[] key, byte[] nonce) {
    Bytes.requireLength("nonce", nonce, NONCE_BYTES);
    XSalsa20Engine stream = new XSalsa20Engine();
    stream.init(true, new ParametersWithIV(new KeyParameter(key), nonce));
    return stream;
  }

  /** The first 32 bytes of the stream; the message is enciphered with what follows. */
  private static byte[] macKey(XSalsa20Engine stream) {
    byte[] key = new byte[MAC_KEY_BYTES];
    stream.processBytes(new byte[MAC_KEY_BYTES], 0, MAC_KEY_BYTES, key, 0);
    return key;
  }

  private static byte[] tag(byte[] macKey, byte[] cipherText) {
    Poly1305 mac = new Poly1305();
    mac.init(new KeyParameter(macKey));
    mac.update(cipherText, 0, cipherText.length);
    byte[] tag = new byte[TAG_BYTES];
    mac.doFinal(tag, 0);
    return tag;
  }
}
