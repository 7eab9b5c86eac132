package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cardlane.ErrorCode;
import dev.cardlane.PaymentException;
import dev.cardlane.PaymentIds;
import dev.cardlane.payment.v1.PaymentContext;
import dev.cardlane.payment.v1.ReaderPayment;
import dev.cardlane.payment.v1.SignedPayment;
import dev.cardlane.sealing.DukptRegister;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a reader must not forget: counter, PIN key register, pairing, manifest, and signed payments
 * until they are answered. The only place that knows how they are stored.
 */
final class ReaderStore {
  // Payment ids that the reader remembers having taken a counter for; the oldest goes first.
  private static final int TAKEN_IDS_MAX = 1_024;
  private static final String COUNTER = "counter.bin";
  private static final String REGISTER = "dukpt-register.bin";
  private static final String PAIRING = "pairing.bin";
  private static final String MANIFEST = "manifest.bin";
  private static final String SIGNED_PREFIX = "signed-";

  private final DurableFiles files;
  private final DukptRegister register;
  private final ArrayDeque<ByteString> takenIds = new ArrayDeque<>();
  private long counter;
  private String merchantId;

  /**
   * @param newRegister makes the PIN key register of a reader that starts for the first time
   */
  ReaderStore(DurableFiles files, Supplier<DukptRegister> newRegister) {
    this.files = files;
    this.register =
        files.read(REGISTER).map(DukptRegister::parse).orElseGet(() -> keep(newRegister.get()));
    this.merchantId =
        files.read(PAIRING).map(id -> new String(id, StandardCharsets.US_ASCII)).orElse("");
    files.read(COUNTER).ifPresent(this::readCounter);
  }

  /** The merchant this reader is paired with; empty before its first session. */
  String merchantId() {
    return merchantId;
  }

  /** Belongs to this merchant for ever. */
  void pairWith(String merchantId) {
    files.write(PAIRING, merchantId.getBytes(StandardCharsets.US_ASCII));
    this.merchantId = merchantId;
  }

  /** Tells whether this id has had its counter value. */
  boolean isTaken(ByteString paymentId) {
    return takenIds.contains(paymentId);
  }

  /**
   * Returns the next counter value, for this payment alone.
   *
   * <p>Counter and id are stored together before either is used: a crash can waste a value, but
   * never repeat one or sign a second time for one id.
   *
   * @throws PaymentException ALREADY_SIGNED
   */
  long takeCounter(ByteString paymentId) {
    requireNotTaken(paymentId);
    // Taken in memory first: should the disk fail halfway, nobody knows which value it holds.
    counter++;
    takenIds.addLast(paymentId);
    if (takenIds.size() > TAKEN_IDS_MAX) {
      takenIds.removeFirst();
    }
    ByteBuffer content = ByteBuffer.allocate(Long.BYTES + takenIds.size() * PaymentIds.BYTES);
    content.putLong(counter);
    takenIds.forEach(id -> id.copyTo(content));
    files.write(COUNTER, content.array());
    return counter;
  }

  /**
   * @throws PaymentException ALREADY_SIGNED
   */
  void requireNotTaken(ByteString paymentId) {
    if (isTaken(paymentId)) {
      throw new PaymentException(
          ErrorCode.ALREADY_SIGNED, "the reader has signed this payment_id already");
    }
  }

  /** Returns the PIN key of one payment. The register without it is stored first. */
  DukptRegister.PinKey takePinKey() {
    DukptRegister.PinKey taken = register.nextPinKey();
    keep(register);
    return taken;
  }

  /** Stores signed bytes, so that the same ones can be sent again. */
  void keep(ByteString paymentId, SignedPayment signed) {
    files.write(signedName(paymentId), signed.toByteArray());
  }

  /** Returns the signed bytes of a payment that was not answered. */
  Optional<SignedPayment> kept(ByteString paymentId) {
    return files.read(signedName(paymentId)).map(ReaderStore::parseSigned);
  }

  /** Returns the context of a payment that was not answered, as it was signed. */
  Optional<ByteString> keptContext(ByteString paymentId) {
    return kept(paymentId).map(ReaderStore::contextOf);
  }

  /** Forgets signed bytes. */
  void drop(ByteString paymentId) {
    files.remove(signedName(paymentId));
  }

  /** Forgets every payment that had to be submitted before then. */
  void dropSubmittableUntil(long timeMs) {
    for (String name : files.names(SIGNED_PREFIX)) {
      files
          .read(name)
          .map(signed -> parseContext(contextOf(parseSigned(signed))))
          .filter(context -> context.getSubmitBeforeMs() <= timeMs)
          .ifPresent(context -> files.remove(name));
    }
  }

  /** Returns what {@link #writeManifest} got last. */
  Optional<byte[]> readManifest() {
    return files.read(MANIFEST);
  }

  /** Stores the newest manifest. */
  void writeManifest(byte[] manifest) {
    files.write(MANIFEST, manifest);
  }

  /** Takes a context apart that this reader serialised itself. */
  static PaymentContext parseContext(ByteString context) {
    try {
      return PaymentContext.parseFrom(context);
    } catch (InvalidProtocolBufferException damaged) {
      throw new IllegalStateException("a stored context is damaged", damaged);
    }
  }

  private DukptRegister keep(DukptRegister register) {
    files.write(REGISTER, register.serialize());
    return register;
  }

  private void readCounter(byte[] content) {
    ByteBuffer buffer = ByteBuffer.wrap(content);
    counter = buffer.getLong();
    while (buffer.hasRemaining()) {
      takenIds.addLast(ByteString.copyFrom(buffer, PaymentIds.BYTES));
    }
  }

  private static SignedPayment parseSigned(byte[] stored) {
    try {
      return SignedPayment.parseFrom(stored);
    } catch (InvalidProtocolBufferException damaged) {
      throw new IllegalStateException("a stored payment is damaged", damaged);
    }
  }

  private static ByteString contextOf(SignedPayment signed) {
    try {
      return ReaderPayment.parseFrom(signed.getReaderPayment()).getContext();
    } catch (InvalidProtocolBufferException damaged) {
      throw new IllegalStateException("a stored payment is damaged", damaged);
    }
  }

  private static String signedName(ByteString paymentId) {
    return SIGNED_PREFIX + HexFormat.of().formatHex(paymentId.toByteArray()) + ".bin";
  }
}
