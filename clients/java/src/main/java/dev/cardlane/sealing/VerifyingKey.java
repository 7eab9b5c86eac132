package dev.cardlane.sealing;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Arrays;
import java.util.Set;

/**
 * An Ed25519 public key that is canonical and not of small order.
 *
 * <p>The equation is the JDK's, which compares without cofactor. BouncyCastle's is not used for it:
 * it accepts signatures that hold only with the cofactor.
 */
public final class VerifyingKey {
  public static final int SIGNATURE_BYTES = 64;

  private static final String ALGORITHM = "Ed25519";
  private static final int POINT_BYTES = 32;
  private static final BigInteger PRIME = BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));
  // The order of the base point (RFC 8032, section 5.1).
  private static final BigInteger ORDER =
      BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));
  private static final BigInteger ORDER_EIGHT_Y =
      new BigInteger("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7", 16);
  // The y of every point whose order divides 8. Anybody can "sign" any message for such a key.
  private static final Set<BigInteger> SMALL_ORDER_YS =
      Set.of(
          BigInteger.ZERO,
          BigInteger.ONE,
          PRIME.subtract(BigInteger.ONE),
          ORDER_EIGHT_Y,
          PRIME.subtract(ORDER_EIGHT_Y));

  private final byte[] publicKey;
  private final byte[] keyId;
  private final PublicKey key;

  /**
   * @throws RejectedException for any other key
   */
  public VerifyingKey(byte[] publicKey) {
    if (publicKey.length != POINT_BYTES || !isStrictPoint(publicKey)) {
      throw new RejectedException("public key");
    }
    this.publicKey = publicKey.clone();
    this.keyId = KeyId.of(publicKey);
    try {
      EdECPoint point = new EdECPoint(signOf(publicKey), yOf(publicKey));
      this.key =
          KeyFactory.getInstance(ALGORITHM)
              .generatePublic(new EdECPublicKeySpec(NamedParameterSpec.ED25519, point));
      // Finds the x of the point, which not every y has.
      Signature.getInstance(ALGORITHM).initVerify(key);
    } catch (GeneralSecurityException noPoint) {
      throw new RejectedException("public key", noPoint);
    }
  }

  /** 32 bytes. */
  public byte[] publicKey() {
    return publicKey.clone();
  }

  /** First 8 bytes of SHA-512 of the public key. */
  public byte[] keyId() {
    return keyId.clone();
  }

  /**
   * Tells whether the signature is this key's over the message. R is held to the rule of the public
   * key, and S is below the group order.
   */
  public boolean verify(byte[] message, byte[] signature) {
    if (signature.length != SIGNATURE_BYTES) {
      return false;
    }
    byte[] r = Arrays.copyOf(signature, POINT_BYTES);
    byte[] s = Arrays.copyOfRange(signature, POINT_BYTES, SIGNATURE_BYTES);
    if (littleEndian(s).compareTo(ORDER) >= 0 || !isStrictPoint(r)) {
      return false;
    }
    try {
      Signature verifier = Signature.getInstance(ALGORITHM);
      verifier.initVerify(key);
      verifier.update(message);
      return verifier.verify(signature);
    } catch (SignatureException noPoint) {
      return false;
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static boolean isStrictPoint(byte[] encoded) {
    BigInteger y = yOf(encoded);
    return y.compareTo(PRIME) < 0 && !SMALL_ORDER_YS.contains(y);
  }

  private static BigInteger yOf(byte[] encoded) {
    return littleEndian(encoded).clearBit(255); // the top bit is the sign of x
  }

  private static boolean signOf(byte[] encoded) {
    return encoded[POINT_BYTES - 1] < 0;
  }

  private static BigInteger littleEndian(byte[] bytes) {
    byte[] reversed = new byte[bytes.length];
    for (int at = 0; at < bytes.length; at++) {
      reversed[at] = bytes[bytes.length - 1 - at];
    }
    return new BigInteger(1, reversed);
  }
}
