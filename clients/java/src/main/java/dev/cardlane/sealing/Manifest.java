package dev.cardlane.sealing;

import com.google.protobuf.ByteString;
import dev.cardlane.Canonical;
import dev.cardlane.ErrorCode;
import dev.cardlane.PaymentException;
import dev.cardlane.keys.v1.DelegatedManifest;
import dev.cardlane.keys.v1.KeyManifest;
import dev.cardlane.keys.v1.KeyPurpose;
import dev.cardlane.keys.v1.ManifestDelegation;
import dev.cardlane.keys.v1.ManifestKey;
import dev.cardlane.keys.v1.SignedEnvelope;
import dev.cardlane.sealing.Dsse.PayloadType;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The processor's signed list of keys in use and revoked certificates, verified. */
public final class Manifest {
  // A manifest may be used for seven days at most; a frozen one goes stale by itself.
  private static final long LIFE_MS_MAX = 7 * 86_400_000L;
  private static final int KEYS_MAX = 16;
  private static final int REVOCATIONS_MAX = 200;

  private final KeyManifest wire;

  /** For a manifest that was verified, and for tests. */
  Manifest(KeyManifest wire) {
    this.wire = wire;
  }

  /**
   * Verifies root, delegation, manifest.
   *
   * @param lowestNumber that of the newest manifest seen before: a lower one is a rollback
   * @throws PaymentException KEY_NOT_VALID whatever is wrong
   */
  public static Manifest verify(
      DelegatedManifest delegated, TrustedRoots roots, long nowMs, long lowestNumber) {
    try {
      VerifyingKey signer = openDelegation(delegated.getDelegation(), roots, nowMs);
      KeyManifest wire = open(delegated.getManifest(), signer);
      long issuedAtMs = wire.getIssuedAtMs();
      long expiresAtMs = wire.getExpiresAtMs();
      require("version", wire.getVersion() == 1);
      require("number", wire.getNumber() >= Math.max(1, lowestNumber));
      require("dates", issuedAtMs <= nowMs && nowMs <= expiresAtMs);
      require("life", expiresAtMs - issuedAtMs <= LIFE_MS_MAX);
      require("development", roots.isDevelopment() || !wire.getDevelopment());
      require("keys", 1 <= wire.getKeysCount() && wire.getKeysCount() <= KEYS_MAX);
      require("keys", wire.getKeysList().stream().allMatch(Manifest::isConsistent));
      require("revocations", wire.getRevokedCertificateIdsCount() <= REVOCATIONS_MAX);
      return new Manifest(wire);
    } catch (RejectedException | PaymentException refused) {
      throw new PaymentException(ErrorCode.KEY_NOT_VALID, "key manifest rejected", refused);
    }
  }

  /** Only grows. */
  public long number() {
    return wire.getNumber();
  }

  /** Tells whether it may be used for sealing. */
  public boolean isValidAt(long nowMs) {
    return wire.getIssuedAtMs() <= nowMs && nowMs <= wire.getExpiresAtMs();
  }

  /** Tells whether the certificate of that id (8 bytes) is revoked. */
  public boolean isRevoked(byte[] certificateId) {
    return wire.getRevokedCertificateIdsList().contains(ByteString.copyFrom(certificateId));
  }

  /**
   * Returns the key to seal with now: of those valid, the one that came into use last.
   *
   * @throws PaymentException KEY_NOT_VALID
   */
  public ManifestKey currentKey(KeyPurpose purpose, long nowMs) {
    return keysOf(purpose).stream()
        .filter(key -> key.getNotBeforeMs() <= nowMs && nowMs <= key.getNotAfterMs())
        .max(Comparator.comparingLong(ManifestKey::getNotBeforeMs))
        .orElseThrow(
            () ->
                new PaymentException(
                    ErrorCode.KEY_NOT_VALID, "manifest has no valid key of purpose " + purpose));
  }

  /** Returns the key of that id for results, also when it has expired. */
  public Optional<ManifestKey> resultKey(ByteString keyId) {
    return keysOf(KeyPurpose.KEY_PURPOSE_PROCESSOR_RESULT).stream()
        .filter(key -> key.getKeyId().equals(keyId))
        .findFirst();
  }

  private List<ManifestKey> keysOf(KeyPurpose purpose) {
    return wire.getKeysList().stream().filter(key -> key.getPurpose() == purpose).toList();
  }

  private static KeyManifest open(SignedEnvelope envelope, VerifyingKey signer) {
    require("signature", Dsse.hasThreshold(PayloadType.MANIFEST, envelope, List.of(signer), 1));
    return Canonical.decode(KeyManifest.parser(), envelope.getPayload().toByteArray());
  }

  private static VerifyingKey openDelegation(
      SignedEnvelope envelope, TrustedRoots roots, long nowMs) {
    require(
        "delegation signatures",
        Dsse.hasThreshold(
            PayloadType.MANIFEST_DELEGATION,
            envelope,
            roots.processor(),
            TrustedRoots.SIGNATURES_MIN));
    ManifestDelegation wire =
        Canonical.decode(ManifestDelegation.parser(), envelope.getPayload().toByteArray());
    require("delegation version", wire.getVersion() == 1);
    require("delegation dates", wire.getNotBeforeMs() <= nowMs && nowMs <= wire.getNotAfterMs());
    return new VerifyingKey(wire.getSignerKey().toByteArray());
  }

  private static boolean isConsistent(ManifestKey key) {
    byte[] publicKey = key.getPublicKey().toByteArray();
    return publicKey.length == AgreementKey.KEY_BYTES
        && Arrays.equals(KeyId.of(publicKey), key.getKeyId().toByteArray())
        && key.getPurpose() != KeyPurpose.KEY_PURPOSE_UNSPECIFIED;
  }

  private static void require(String reason, boolean isRight) {
    if (!isRight) {
      throw new RejectedException("manifest " + reason);
    }
  }
}
