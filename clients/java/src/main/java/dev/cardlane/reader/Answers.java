package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import dev.cardlane.Clock;
import dev.cardlane.ErrorCode;
import dev.cardlane.PaymentException;
import dev.cardlane.payment.v1.Result;
import dev.cardlane.payment.v1.SignedResult;
import dev.cardlane.sealing.KeptManifest;
import dev.cardlane.sealing.Manifest;
import dev.cardlane.sealing.SignedResults;
import java.util.List;
import java.util.Optional;

/**
 * Checks the processor's answers to what this reader signed, and remembers the last one, for a
 * higher revision of the same answer and for PIN retries. The reader believes nothing but their
 * signature.
 */
final class Answers {
  static final List<String> UNKNOWN_LINES = List.of("UNKNOWN", "Wait for the cashier");

  private final ReaderStore store;
  private final KeptManifest manifest;
  private final Clock clock;
  private Optional<Answered> last = Optional.empty();

  Answers(ReaderStore store, KeptManifest manifest, Clock clock) {
    this.store = store;
    this.manifest = manifest;
    this.clock = clock;
  }

  /** The answer that was taken last. */
  Optional<Answered> last() {
    return last;
  }

  /**
   * Verifies an answer and remembers it; its payment's signed bytes are needed no more.
   *
   * @throws PaymentException when it is not a valid answer to what this reader signed
   */
  Answered take(SignedResult signed) {
    long nowMs = clock.nowMs();
    Manifest valid = manifest.validAt(nowMs);
    ByteString paymentId = SignedResults.verify(signed, valid).getPaymentId();
    Optional<Answered> before =
        last.filter(answer -> answer.result().getPaymentId().equals(paymentId));
    ByteString contextBytes =
        before.map(Answered::contextBytes).orElseGet(() -> keptContext(paymentId));
    Result result = SignedResults.verifyAnswer(signed, valid, contextBytes.toByteArray(), nowMs);
    if (before.isPresent() && !before.get().isReplacedBy(result)) {
      throw new PaymentException(ErrorCode.SIGNATURE_REJECTED, "result rejected");
    }
    store.drop(paymentId);
    Answered answered = new Answered(contextBytes, result);
    last = Optional.of(answered);
    return answered;
  }

  private ByteString keptContext(ByteString paymentId) {
    return store
        .keptContext(paymentId)
        .orElseThrow(
            () -> new PaymentException(ErrorCode.PAYMENT_NOT_FOUND, "payment is not here"));
  }
}
