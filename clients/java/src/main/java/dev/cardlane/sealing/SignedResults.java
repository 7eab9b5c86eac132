package dev.cardlane.sealing;

import dev.cardlane.Canonical;
import dev.cardlane.ErrorCode;
import dev.cardlane.PaymentException;
import dev.cardlane.keys.v1.ManifestKey;
import dev.cardlane.payment.v1.PaymentContext;
import dev.cardlane.payment.v1.Result;
import dev.cardlane.payment.v1.SignedResult;
import dev.cardlane.sealing.Dsse.PayloadType;
import java.security.MessageDigest;

/**
 * The reader's own check of the processor's answer: what terminal and relay say is not believed.
 */
public final class SignedResults {
  private SignedResults() {}

  /**
   * Verifies the processor's signature, then decodes.
   *
   * <p>The key must have been valid when the result was made: a stored answer that is repeated
   * after a rotation stays good.
   *
   * @throws PaymentException SIGNATURE_REJECTED whatever is wrong
   */
  public static Result verify(SignedResult signed, Manifest manifest) {
    try {
      return open(signed, manifest);
    } catch (RejectedException | PaymentException refused) {
      throw new PaymentException(ErrorCode.SIGNATURE_REJECTED, "result rejected", refused);
    }
  }

  /**
   * Verifies a result as the answer to exactly the payment of this context.
   *
   * @param contextBytes what the reader serialised and signed
   * @throws PaymentException SIGNATURE_REJECTED whatever is wrong
   */
  public static Result verifyAnswer(
      SignedResult signed, Manifest manifest, byte[] contextBytes, long nowMs) {
    try {
      Result result = open(signed, manifest);
      requireAnswers(result, contextBytes, nowMs);
      return result;
    } catch (RejectedException | PaymentException refused) {
      throw new PaymentException(ErrorCode.SIGNATURE_REJECTED, "result rejected", refused);
    }
  }

  private static Result open(SignedResult signed, Manifest manifest) {
    ManifestKey key =
        manifest
            .resultKey(signed.getKeyId())
            .orElseThrow(() -> new RejectedException("result key is not in the manifest"));
    byte[] body = signed.getResult().toByteArray();
    byte[] signature = signed.getSignature().toByteArray();
    VerifyingKey verifier = new VerifyingKey(key.getPublicKey().toByteArray());
    require("signature", Dsse.verify(PayloadType.RESULT, body, signature, verifier));
    Result result = Canonical.decode(Result.parser(), body);
    long decidedAtMs = result.getProcessorTimeMs();
    require("version", result.getVersion() == 1);
    require("key dates", key.getNotBeforeMs() <= decidedAtMs && decidedAtMs <= key.getNotAfterMs());
    return result;
  }

  private static void requireAnswers(Result result, byte[] contextBytes, long nowMs) {
    PaymentContext context = Canonical.decode(PaymentContext.parser(), contextBytes);
    byte[] expected = Dsse.digest(PayloadType.PAYMENT_CONTEXT, contextBytes);
    byte[] digest = result.getContextDigest().toByteArray();
    require("context digest", MessageDigest.isEqual(digest, expected));
    require("payment id", result.getPaymentId().equals(context.getPaymentId()));
    require("reader serial", result.getReaderSerial().equals(context.getReaderSerial()));
    require("merchant id", isPossibleMerchant(result, context));
    require("currency", result.getCurrency() == context.getCurrency());
    require("revision", result.getRevision() >= 1);
    require("amount", isPossibleAmount(result, context));
    require("validity", nowMs <= result.getValidUntilMs());
  }

  /** Earlier processors named none, and the context digest binds it anyway. */
  private static boolean isPossibleMerchant(Result result, PaymentContext context) {
    String named = result.getMerchantId();
    return named.isEmpty() || named.equals(context.getMerchantId());
  }

  /** Approved in full, in part where that was accepted and signed, or nothing. */
  private static boolean isPossibleAmount(Result result, PaymentContext context) {
    long approved = result.getApprovedAmountMinor();
    long total = context.getAmounts().getTotalMinor();
    return switch (result.getOutcome()) {
      case OUTCOME_APPROVED -> approved == total;
      case OUTCOME_PARTIALLY_APPROVED ->
          context.getAcceptPartial() && 0 < approved && approved < total;
      case OUTCOME_DECLINED -> approved == 0;
      case OUTCOME_REVERSED, OUTCOME_VOIDED -> 0 <= approved && approved <= total;
      default -> false;
    };
  }

  private static void require(String reason, boolean isRight) {
    if (!isRight) {
      throw new RejectedException("result " + reason);
    }
  }
}
