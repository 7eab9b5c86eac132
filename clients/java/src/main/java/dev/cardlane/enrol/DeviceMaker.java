package dev.cardlane.enrol;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cardlane.Canonical;
import dev.cardlane.keys.v1.ReaderCertificate;
import dev.cardlane.keys.v1.SignedEnvelope;
import dev.cardlane.keys.v1.TerminalCertificate;
import dev.cardlane.sealing.Dsse;
import dev.cardlane.sealing.Dsse.PayloadType;
import dev.cardlane.sealing.DukptRegister;
import dev.cardlane.sealing.KeyFolder;
import dev.cardlane.sealing.RandomBytes;
import dev.cardlane.sealing.SigningKey;
import dev.cardlane.sealing.TrustedRoots;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Makes keys and certificates of development devices with a development mesh's roots.
 *
 * @param meshKeys the mesh's folder of key folders, such as {@code .cardlane/keys}
 */
record DeviceMaker(Path meshKeys, RandomBytes random, long nowMs) {
  private static final long SKEW_MS = Duration.ofHours(1).toMillis();
  private static final long VALIDITY_MS = Duration.ofDays(365).toMillis();

  /** Makes a reader with that serial number. */
  void makeReader(KeyFolder folder, String serial) {
    folder.createTrusting(of("reader"));
    byte[] initialKeyId = random.next(DukptRegister.INITIAL_KEY_ID_BYTES);
    byte[] baseDerivationKey = of("pin-service").readKey("base-derivation");
    folder.writeKey(
        "dukpt-initial", DukptRegister.deriveInitialKey(baseDerivationKey, initialKeyId));
    ReaderCertificate certificate =
        ReaderCertificate.newBuilder()
            .setVersion(1)
            .setSerial(serial)
            .setIdentityKey(newPublicKey(folder, "identity"))
            .setSigningKey(newPublicKey(folder, "signing"))
            .setModel("Simulated reader (Java)")
            .setDukptInitialKeyId(ByteString.copyFrom(initialKeyId))
            .setNotBeforeMs(nowMs - SKEW_MS)
            .setNotAfterMs(nowMs + VALIDITY_MS)
            .setDevelopment(true)
            .build();
    folder.writeCertificate(
        Dsse.issue(
            PayloadType.READER_CERTIFICATE,
            Canonical.encode(certificate),
            rootSigners("vendor-root")));
  }

  /** Makes another terminal of the merchant whose terminal the mesh has. */
  void makeTerminal(KeyFolder folder, String terminalId) {
    folder.createTrusting(of("terminal"));
    TerminalCertificate certificate =
        parse(of("terminal").readCertificate()).toBuilder()
            .setTerminalId(terminalId)
            .setIdentityKey(newPublicKey(folder, "identity"))
            .setSigningKey(newPublicKey(folder, "signing"))
            .setNotBeforeMs(nowMs - SKEW_MS)
            .setNotAfterMs(nowMs + VALIDITY_MS)
            .build();
    folder.writeCertificate(
        Dsse.issue(
            PayloadType.TERMINAL_CERTIFICATE,
            Canonical.encode(certificate),
            rootSigners("acquirer-root")));
  }

  /** Takes a terminal's certificate apart, not verified. */
  static TerminalCertificate parse(SignedEnvelope envelope) {
    try {
      return TerminalCertificate.parseFrom(envelope.getPayload());
    } catch (InvalidProtocolBufferException damaged) {
      throw new IllegalArgumentException("the terminal's certificate is damaged", damaged);
    }
  }

  private KeyFolder of(String program) {
    return new KeyFolder(meshKeys.resolve(program));
  }

  private ByteString newPublicKey(KeyFolder folder, String purpose) {
    byte[] seed = random.next(SigningKey.SEED_BYTES);
    folder.writeKey(purpose, seed);
    return ByteString.copyFrom(new SigningKey(seed).publicKey());
  }

  /** Returns as many of a root's keys as must sign. */
  private List<SigningKey> rootSigners(String purpose) {
    List<byte[]> seeds = of("roots").readKeys(purpose);
    if (seeds.size() < TrustedRoots.SIGNATURES_MIN) {
      throw new IllegalArgumentException(
          "no " + purpose + " keys in " + of("roots").path() + ": is that a mesh's folder?");
    }
    return seeds.stream().limit(TrustedRoots.SIGNATURES_MIN).map(SigningKey::new).toList();
  }
}
