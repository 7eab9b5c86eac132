package dev.cardlane.sealing;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cardlane.ErrorCode;
import dev.cardlane.PaymentException;
import dev.cardlane.keys.v1.DelegatedManifest;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The newest manifest that a reader has seen.
 *
 * <p>It outlives restarts, so that nobody can lead the reader back to an older one with keys or
 * certificates that were revoked since.
 */
public final class KeptManifest {
  private final TrustedRoots roots;
  private final Consumer<byte[]> write;
  private Optional<Manifest> newest;

  /**
   * @param stored what {@code write} got last: the moment of acceptance as u64 big-endian Unix
   *     milliseconds, then the DelegatedManifest
   */
  public KeptManifest(TrustedRoots roots, Optional<byte[]> stored, Consumer<byte[]> write) {
    this.roots = roots;
    this.write = write;
    this.newest = stored.map(this::verifyStored);
  }

  /** Number of the newest manifest; 0 for none. */
  public long number() {
    return newest.map(Manifest::number).orElse(0L);
  }

  /** Tells whether the certificate of that id (8 bytes) is revoked. */
  public boolean isRevoked(byte[] certificateId) {
    return newest.map(manifest -> manifest.isRevoked(certificateId)).orElse(false);
  }

  /**
   * Returns the newest manifest.
   *
   * @throws PaymentException KEY_NOT_VALID without a valid one
   */
  public Manifest validAt(long nowMs) {
    return newest
        .filter(manifest -> manifest.isValidAt(nowMs))
        .orElseThrow(
            () -> new PaymentException(ErrorCode.KEY_NOT_VALID, "there is no valid key manifest"));
  }

  /**
   * Takes a newer manifest, durably.
   *
   * @throws PaymentException KEY_NOT_VALID
   */
  public void offer(DelegatedManifest delegated, long nowMs) {
    Manifest offered = Manifest.verify(delegated, roots, nowMs, number());
    if (offered.number() == number()) {
      return;
    }
    byte[] acceptedAt = ByteBuffer.allocate(Long.BYTES).putLong(nowMs).array();
    write.accept(Bytes.concat(acceptedAt, delegated.toByteArray()));
    newest = Optional.of(offered);
  }

  /**
   * Verified as of then: an expired manifest is no good for sealing, but its number and its
   * revocations still count.
   */
  private Manifest verifyStored(byte[] stored) {
    ByteBuffer buffer = ByteBuffer.wrap(stored);
    long acceptedAtMs = buffer.getLong();
    try {
      DelegatedManifest delegated = DelegatedManifest.parseFrom(ByteString.copyFrom(buffer));
      return Manifest.verify(delegated, roots, acceptedAtMs, 0);
    } catch (InvalidProtocolBufferException damaged) {
      throw new IllegalStateException("the stored key manifest is damaged", damaged);
    }
  }
}
