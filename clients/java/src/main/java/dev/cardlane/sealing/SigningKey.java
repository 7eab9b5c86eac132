package dev.cardlane.sealing;

import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;

/** An Ed25519 private key, from its 32-byte seed. */
public final class SigningKey {
  public static final int SEED_BYTES = 32;

  private final Ed25519PrivateKeyParameters key;

  public SigningKey(byte[] seed) {
    key = new Ed25519PrivateKeyParameters(Bytes.requireLength("Ed25519 seed", seed, SEED_BYTES));
  }

  /** 32 bytes. */
  public byte[] publicKey() {
    return key.generatePublicKey().getEncoded();
  }

  /** Returns the 64-byte signature. */
  public byte[] sign(byte[] message) {
    Ed25519Signer signer = new Ed25519Signer();
    signer.init(true, key);
    signer.update(message, 0, message.length);
    return signer.generateSignature();
  }
}
