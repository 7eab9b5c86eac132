package dev.cardlane.sealing;

import com.google.protobuf.ByteString;
import dev.cardlane.keys.v1.EnvelopeSignature;
import dev.cardlane.keys.v1.SignedEnvelope;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/** DSSE v1: everything that is signed or hashed names what it is. */
public final class Dsse {
  // Three roots sign, six during a rotation; more would only cost verifications.
  private static final int SIGNATURES_MAX = 8;

  private Dsse() {}

  /** What is signed, verified or hashed here. */
  public enum PayloadType {
    READER_CERTIFICATE("reader-certificate"),
    TERMINAL_CERTIFICATE("terminal-certificate"),
    MANIFEST("manifest"),
    MANIFEST_DELEGATION("manifest-delegation"),
    PAYMENT_CONTEXT("payment-context"),
    READER_PAYMENT("reader-payment"),
    RESULT("result");

    private final String fullName;

    PayloadType(String name) {
      fullName = "application/vnd.cardlane." + name + ".v1+protobuf";
    }
  }

  /** Returns {@code "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body}. */
  static byte[] preAuthenticationEncoding(PayloadType type, byte[] body) {
    String name = type.fullName;
    String head = "DSSEv1 " + name.length() + " " + name + " " + body.length + " ";
    return Bytes.concat(head.getBytes(StandardCharsets.US_ASCII), body);
  }

  /** Returns SIGN(type, body): 64 bytes. */
  public static byte[] sign(PayloadType type, byte[] body, SigningKey key) {
    return key.sign(preAuthenticationEncoding(type, body));
  }

  /** Tells whether the signature is right. Verify first, parse then. */
  public static boolean verify(PayloadType type, byte[] body, byte[] signature, VerifyingKey key) {
    return key.verify(preAuthenticationEncoding(type, body), signature);
  }

  /** Returns H(type, body): 64 bytes. */
  public static byte[] digest(PayloadType type, byte[] body) {
    return Bytes.sha512(preAuthenticationEncoding(type, body));
  }

  /** Puts the signatures of all keys around a payload. For whoever makes certificates. */
  public static SignedEnvelope issue(
      PayloadType type, byte[] payload, Collection<SigningKey> signers) {
    SignedEnvelope.Builder envelope =
        SignedEnvelope.newBuilder().setPayload(ByteString.copyFrom(payload));
    for (SigningKey signer : signers) {
      envelope.addSignatures(
          EnvelopeSignature.newBuilder()
              .setKeyId(ByteString.copyFrom(KeyId.of(signer.publicKey())))
              .setSignature(ByteString.copyFrom(sign(type, payload, signer))));
    }
    return envelope.build();
  }

  /**
   * Tells whether at least so many different trusted keys signed the envelope.
   *
   * <p>Keys are counted, not signatures: one key that signs twice, or is listed twice, counts once.
   */
  static boolean hasThreshold(
      PayloadType type,
      SignedEnvelope envelope,
      Collection<VerifyingKey> trustedKeys,
      int threshold) {
    if (envelope.getSignaturesCount() > SIGNATURES_MAX) {
      return false;
    }
    byte[] encoding = preAuthenticationEncoding(type, envelope.getPayload().toByteArray());
    Set<ByteString> signedBy = new HashSet<>();
    for (VerifyingKey key : trustedKeys) {
      ByteString keyId = ByteString.copyFrom(key.keyId());
      for (EnvelopeSignature each : envelope.getSignaturesList()) {
        if (each.getKeyId().equals(keyId)
            && key.verify(encoding, each.getSignature().toByteArray())) {
          signedBy.add(ByteString.copyFrom(key.publicKey()));
        }
      }
    }
    return signedBy.size() >= threshold;
  }
}
