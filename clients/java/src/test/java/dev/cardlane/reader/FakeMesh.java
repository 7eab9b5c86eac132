package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cardlane.Canonical;
import dev.cardlane.Clock;
import dev.cardlane.keys.v1.DelegatedManifest;
import dev.cardlane.keys.v1.KeyManifest;
import dev.cardlane.keys.v1.KeyPurpose;
import dev.cardlane.keys.v1.ManifestDelegation;
import dev.cardlane.keys.v1.ManifestKey;
import dev.cardlane.keys.v1.ReaderCertificate;
import dev.cardlane.keys.v1.SignedEnvelope;
import dev.cardlane.keys.v1.TerminalCertificate;
import dev.cardlane.keys.v1.TrustedRoots;
import dev.cardlane.payment.v1.Outcome;
import dev.cardlane.payment.v1.PaymentContext;
import dev.cardlane.payment.v1.ReaderPayment;
import dev.cardlane.payment.v1.Result;
import dev.cardlane.payment.v1.SignedPayment;
import dev.cardlane.payment.v1.SignedResult;
import dev.cardlane.sealing.AgreementKey;
import dev.cardlane.sealing.Dsse;
import dev.cardlane.sealing.Dsse.PayloadType;
import dev.cardlane.sealing.KeyId;
import dev.cardlane.sealing.RandomBytes;
import dev.cardlane.sealing.SigningKey;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Everybody's private keys in one place: makes certificates, manifests and results. */
final class FakeMesh {
  static final String MERCHANT_ID = "CORNERCOFFEE001";
  private static final long HOUR_MS = 3_600_000;

  final List<SigningKey> vendor = threeKeys();
  final List<SigningKey> acquirer = threeKeys();
  final List<SigningKey> processorRoot = threeKeys();
  final SigningKey readerIdentity = newSigningKey();
  final SigningKey readerSigning = newSigningKey();
  final SigningKey terminalIdentity = newSigningKey();
  final SigningKey resultKey = newSigningKey();
  final AgreementKey cardKey = new AgreementKey(RandomBytes.system().next(32));
  final AgreementKey pinKey = new AgreementKey(RandomBytes.system().next(32));
  private final SigningKey manifestSigner = newSigningKey();
  private final Clock clock;

  FakeMesh(Clock clock) {
    this.clock = clock;
  }

  dev.cardlane.sealing.TrustedRoots roots() {
    return dev.cardlane.sealing.TrustedRoots.parse(
        TrustedRoots.newBuilder()
            .addAllVendorKeys(publicKeys(vendor))
            .addAllAcquirerKeys(publicKeys(acquirer))
            .addAllProcessorKeys(publicKeys(processorRoot))
            .setDevelopment(true)
            .build());
  }

  SignedEnvelope readerCertificate() {
    ReaderCertificate certificate =
        ReaderCertificate.newBuilder()
            .setVersion(1)
            .setSerial("JV-0001")
            .setIdentityKey(publicKey(readerIdentity))
            .setSigningKey(publicKey(readerSigning))
            .setModel("test")
            .setDukptInitialKeyId(ByteString.copyFromUtf8("12345678"))
            .setNotBeforeMs(clock.nowMs() - HOUR_MS)
            .setNotAfterMs(clock.nowMs() + HOUR_MS)
            .setDevelopment(true)
            .build();
    byte[] payload = Canonical.encode(certificate);
    return Dsse.issue(PayloadType.READER_CERTIFICATE, payload, vendor.subList(0, 2));
  }

  /** Returns a terminal's certificate, changed before it is signed. */
  SignedEnvelope terminalCertificate(
      Consumer<TerminalCertificate.Builder> change, List<SigningKey> signers) {
    TerminalCertificate.Builder certificate =
        TerminalCertificate.newBuilder()
            .setVersion(1)
            .setTerminalId("TILL0001")
            .setMerchantId(MERCHANT_ID)
            .setMerchantName("Corner Coffee")
            .setCountry(276)
            .setIdentityKey(publicKey(terminalIdentity))
            .setSigningKey(publicKey(newSigningKey()))
            .setNotBeforeMs(clock.nowMs() - HOUR_MS)
            .setNotAfterMs(clock.nowMs() + HOUR_MS)
            .setDevelopment(true);
    change.accept(certificate);
    byte[] payload = Canonical.encode(certificate.build());
    return Dsse.issue(PayloadType.TERMINAL_CERTIFICATE, payload, signers);
  }

  SignedEnvelope terminalCertificate() {
    return terminalCertificate(same -> {}, acquirer.subList(1, 3));
  }

  /** Returns a manifest with every key a reader needs, changed before it is signed. */
  DelegatedManifest manifest(long number, Consumer<KeyManifest.Builder> change) {
    ManifestDelegation delegation =
        ManifestDelegation.newBuilder()
            .setVersion(1)
            .setSignerKey(publicKey(manifestSigner))
            .setNotBeforeMs(clock.nowMs() - HOUR_MS)
            .setNotAfterMs(clock.nowMs() + HOUR_MS)
            .build();
    KeyManifest.Builder manifest =
        KeyManifest.newBuilder()
            .setVersion(1)
            .setNumber(number)
            .setIssuedAtMs(clock.nowMs() - HOUR_MS)
            .setExpiresAtMs(clock.nowMs() + HOUR_MS)
            .addKeys(key(KeyPurpose.KEY_PURPOSE_PROCESSOR_CARD, cardKey.publicKey()))
            .addKeys(key(KeyPurpose.KEY_PURPOSE_PIN_SERVICE, pinKey.publicKey()))
            .addKeys(key(KeyPurpose.KEY_PURPOSE_PROCESSOR_RESULT, resultKey.publicKey()))
            .setDevelopment(true);
    change.accept(manifest);
    return DelegatedManifest.newBuilder()
        .setDelegation(
            Dsse.issue(
                PayloadType.MANIFEST_DELEGATION,
                Canonical.encode(delegation),
                processorRoot.subList(0, 2)))
        .setManifest(
            Dsse.issue(
                PayloadType.MANIFEST, Canonical.encode(manifest.build()), List.of(manifestSigner)))
        .build();
  }

  /** Returns an approval in full, changed before it is signed. */
  SignedResult result(SignedPayment payment, Consumer<Result.Builder> change) {
    byte[] contextBytes = contextBytes(payment);
    PaymentContext context = ReaderStore.parseContext(ByteString.copyFrom(contextBytes));
    Result.Builder result =
        Result.newBuilder()
            .setVersion(1)
            .setPaymentId(context.getPaymentId())
            .setRevision(1)
            .setContextDigest(
                ByteString.copyFrom(Dsse.digest(PayloadType.PAYMENT_CONTEXT, contextBytes)))
            .setOutcome(Outcome.OUTCOME_APPROVED)
            .setResponseCode("00")
            .setApprovedAmountMinor(context.getAmounts().getTotalMinor())
            .setCurrency(context.getCurrency())
            .setProcessorTimeMs(clock.nowMs())
            .setValidUntilMs(clock.nowMs() + HOUR_MS)
            .setReaderSerial(context.getReaderSerial())
            .setMerchantId(context.getMerchantId());
    change.accept(result);
    byte[] body = Canonical.encode(result.build());
    return SignedResult.newBuilder()
        .setResult(ByteString.copyFrom(body))
        .setSignature(ByteString.copyFrom(Dsse.sign(PayloadType.RESULT, body, resultKey)))
        .setKeyId(ByteString.copyFrom(KeyId.of(resultKey.publicKey())))
        .build();
  }

  static byte[] contextBytes(SignedPayment payment) {
    return readerPayment(payment).getContext().toByteArray();
  }

  static ReaderPayment readerPayment(SignedPayment payment) {
    try {
      return ReaderPayment.parseFrom(payment.getReaderPayment());
    } catch (InvalidProtocolBufferException notOne) {
      throw new AssertionError(notOne);
    }
  }

  static SigningKey newSigningKey() {
    return new SigningKey(RandomBytes.system().next(SigningKey.SEED_BYTES));
  }

  private ManifestKey key(KeyPurpose purpose, byte[] publicKey) {
    return ManifestKey.newBuilder()
        .setKeyId(ByteString.copyFrom(KeyId.of(publicKey)))
        .setPurpose(purpose)
        .setPublicKey(ByteString.copyFrom(publicKey))
        .setNotBeforeMs(clock.nowMs() - HOUR_MS)
        .setNotAfterMs(clock.nowMs() + HOUR_MS)
        .build();
  }

  private static List<SigningKey> threeKeys() {
    return Stream.generate(FakeMesh::newSigningKey).limit(3).toList();
  }

  private static ByteString publicKey(SigningKey key) {
    return ByteString.copyFrom(key.publicKey());
  }

  private static List<ByteString> publicKeys(List<SigningKey> keys) {
    return keys.stream().map(FakeMesh::publicKey).toList();
  }
}
