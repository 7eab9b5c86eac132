package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import dev.cardlane.Canonical;
import dev.cardlane.Clock;
import dev.cardlane.PaymentException;
import dev.cardlane.keys.v1.KeyPurpose;
import dev.cardlane.keys.v1.ManifestKey;
import dev.cardlane.keys.v1.ReaderCertificate;
import dev.cardlane.keys.v1.TerminalCertificate;
import dev.cardlane.payment.v1.CardData;
import dev.cardlane.payment.v1.PaymentContext;
import dev.cardlane.payment.v1.ReaderPayment;
import dev.cardlane.payment.v1.SignedPayment;
import dev.cardlane.reader.CardReading.EnteredPin;
import dev.cardlane.reader.v1.PreparePayment;
import dev.cardlane.sealing.Certificate;
import dev.cardlane.sealing.Dsse;
import dev.cardlane.sealing.Dsse.PayloadType;
import dev.cardlane.sealing.DukptRegister.PinKey;
import dev.cardlane.sealing.KeptManifest;
import dev.cardlane.sealing.Manifest;
import dev.cardlane.sealing.PaymentBoxes;
import dev.cardlane.sealing.PinBlock;
import dev.cardlane.sealing.RandomBytes;
import dev.cardlane.sealing.SigningKey;
import java.util.Optional;

/** Seals card and PIN, and signs a payment. */
record PaymentSigner(
    Certificate<ReaderCertificate> certificate,
    SigningKey signing,
    ReaderStore store,
    KeptManifest manifest,
    Clock clock,
    RandomBytes random) {
  // How long after the reader signed a payment may be submitted for the first time.
  private static final long SUBMIT_WITHIN_MS = 120_000;

  /** A PIN block, the name of its key, and the key of the PIN service to seal both to. */
  private record EncipheredPin(
      EnteredPin pin, byte[] keySerialNumber, byte[] block, ManifestKey sealTo) {}

  /**
   * Returns the signed bytes, stored. Every durable step comes before what it protects: PIN key
   * register, then counter, then the bytes.
   *
   * @param pin given exactly when the verification is an online PIN
   * @throws PaymentException KEY_NOT_VALID without valid keys, ALREADY_SIGNED for an id that was
   *     signed
   */
  SignedPayment sign(
      PreparePayment prepared,
      Certificate<TerminalCertificate> terminal,
      CardReading reading,
      Optional<EnteredPin> pin) {
    long nowMs = clock.nowMs();
    Manifest valid = manifest.validAt(nowMs);
    ManifestKey cardKey = valid.currentKey(KeyPurpose.KEY_PURPOSE_PROCESSOR_CARD, nowMs);
    Optional<EncipheredPin> enciphered =
        pin.map(
            typed -> {
              // Known before a PIN key is used up.
              ManifestKey sealTo = valid.currentKey(KeyPurpose.KEY_PURPOSE_PIN_SERVICE, nowMs);
              return encipher(typed, reading.card(), sealTo);
            });

    long counter = store.takeCounter(prepared.getPaymentId());
    PaymentContext.Builder context =
        context(prepared, terminal, reading, nowMs)
            .setManifestNumber(valid.number())
            .setCounter(counter)
            .setCardKeyId(cardKey.getKeyId());
    enciphered.ifPresent(
        it -> context.setPinEntry(it.pin().entry()).setPinKeyId(it.sealTo().getKeyId()));
    byte[] contextBytes = Canonical.encode(context.build());
    byte[] digest = Dsse.digest(PayloadType.PAYMENT_CONTEXT, contextBytes);
    CardData cardData =
        reading.isStripe()
            ? CardDataMaker.stripe(reading.card())
            : CardDataMaker.chip(reading.card(), prepared, terminal.body(), counter, nowMs, random);

    ReaderPayment.Builder payment =
        ReaderPayment.newBuilder()
            .setContext(ByteString.copyFrom(contextBytes))
            .setCardBox(sealCard(cardKey, digest, cardData));
    enciphered.ifPresent(it -> payment.setPinBox(sealPin(it, digest)));
    byte[] body = Canonical.encode(payment.build());
    SignedPayment signed =
        SignedPayment.newBuilder()
            .setReaderPayment(ByteString.copyFrom(body))
            .setSignature(ByteString.copyFrom(Dsse.sign(PayloadType.READER_PAYMENT, body, signing)))
            .build();
    store.keep(prepared.getPaymentId(), signed);
    return signed;
  }

  private EncipheredPin encipher(EnteredPin pin, TestCard card, ManifestKey sealTo) {
    PinKey pinKey = store.takePinKey();
    byte[] block = PinBlock.encipher(pinKey.key(), pin.digits(), card.number(), random);
    return new EncipheredPin(pin, pinKey.keySerialNumber(), block, sealTo);
  }

  private ByteString sealCard(ManifestKey sealTo, byte[] contextDigest, CardData cardData) {
    byte[] recipient = sealTo.getPublicKey().toByteArray();
    return ByteString.copyFrom(
        PaymentBoxes.sealCard(recipient, contextDigest, Canonical.encode(cardData), random));
  }

  private ByteString sealPin(EncipheredPin pin, byte[] contextDigest) {
    byte[] recipient = pin.sealTo().getPublicKey().toByteArray();
    return ByteString.copyFrom(
        PaymentBoxes.sealPin(recipient, contextDigest, pin.keySerialNumber(), pin.block(), random));
  }

  /** Returns all of the context but counter, manifest, keys and PIN. */
  private PaymentContext.Builder context(
      PreparePayment prepared,
      Certificate<TerminalCertificate> terminal,
      CardReading reading,
      long nowMs) {
    PaymentContext.Builder context =
        PaymentContext.newBuilder()
            .setVersion(1)
            .setPaymentId(prepared.getPaymentId())
            .setPreviousPaymentId(prepared.getPreviousPaymentId())
            .setReaderSerial(certificate.body().getSerial())
            .setReaderCertificateId(ByteString.copyFrom(certificate.id()))
            .setKind(prepared.getKind())
            .setCurrency(prepared.getCurrency())
            .setAcceptPartial(prepared.getAcceptPartial())
            .setMerchantId(terminal.body().getMerchantId())
            .setTerminalId(terminal.body().getTerminalId())
            .setTerminalCertificateId(ByteString.copyFrom(terminal.id()))
            .setEntryMode(reading.entryMode())
            .setVerification(reading.verification())
            .setReaderTimeMs(nowMs)
            .setSubmitBeforeMs(nowMs + SUBMIT_WITHIN_MS);
    context.setAmounts(prepared.getAmounts());
    return context;
  }
}
