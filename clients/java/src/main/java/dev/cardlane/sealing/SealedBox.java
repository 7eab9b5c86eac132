package dev.cardlane.sealing;

import java.util.Arrays;
import org.bouncycastle.crypto.digests.Blake2bDigest;

/** libsodium's sealed box, with the chance in it passed in. */
public final class SealedBox {
  public static final int OVERHEAD_BYTES = 48;

  private SealedBox() {}

  /**
   * Returns {@code crypto_box_seal} of the message: 48 bytes longer, readable by the recipient
   * alone.
   *
   * <p>Layout: ephemeral public key[32], then the NaCl box under the nonce BLAKE2b-24(ephemeral
   * public key ‖ recipient).
   */
  public static byte[] seal(byte[] recipient, byte[] message, RandomBytes random) {
    AgreementKey ephemeral = new AgreementKey(random.next(AgreementKey.KEY_BYTES));
    byte[] head = ephemeral.publicKey();
    byte[] key = ephemeral.sharedKey(recipient);
    return Bytes.concat(head, SecretBox.seal(key, nonce(head, recipient), message));
  }

  /**
   * Returns what was sealed for this key. A reader never opens; this is here for tests.
   *
   * @throws RejectedException when it was not sealed for this key
   */
  static byte[] open(AgreementKey recipient, byte[] sealed) {
    if (sealed.length < OVERHEAD_BYTES) {
      throw new RejectedException("box");
    }
    byte[] head = Arrays.copyOf(sealed, AgreementKey.KEY_BYTES);
    byte[] box = Arrays.copyOfRange(sealed, AgreementKey.KEY_BYTES, sealed.length);
    byte[] nonce = nonce(head, recipient.publicKey());
    return SecretBox.open(recipient.sharedKey(head), nonce, box);
  }

  private static byte[] nonce(byte[] ephemeral, byte[] recipient) {
    Blake2bDigest digest = new Blake2bDigest(8 * SecretBox.NONCE_BYTES);
    digest.update(ephemeral, 0, ephemeral.length);
    digest.update(recipient, 0, recipient.length);
    byte[] nonce = new byte[SecretBox.NONCE_BYTES];
    digest.doFinal(nonce, 0);
    return nonce;
  }
}
