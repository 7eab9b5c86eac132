"""The reader's own check of the processor's answer: what terminal and relay say is not believed."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from cardlane.errors import PaymentError
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.sealing.dsse import digest, verify
from cardlane.sealing.ed25519 import Verifier
from cardlane.sealing.rejected import RejectedError
from cardlane.strict_decode import strict_decode

if TYPE_CHECKING:
    from cardlane.sealing.manifest import Manifest


def verify_result(signed: payment.SignedResult, manifest: Manifest) -> payment.Result:
    """Verify the processor's signature, then decode.

    The key must have been valid when the result was made: a stored answer that is repeated after a
    rotation stays good. Raises PaymentError SIGNATURE_REJECTED whatever is wrong.
    """
    key = manifest.result_key(signed.key_id)
    if key is None:
        raise _rejected("key is not in the manifest")
    try:
        verifier = Verifier(key.public_key)
        if not verify("result", signed.result, signed.signature, verifier):
            raise _rejected("signature")
        result = strict_decode(payment.Result, signed.result)
    except RejectedError as error:
        raise _rejected(error.reason) from error
    except PaymentError as error:
        raise _rejected("serialisation") from error
    if result.version != 1:
        raise _rejected("version")
    if not key.not_before_ms <= result.processor_time_ms <= key.not_after_ms:
        raise _rejected("key dates")
    return result


def verify_answer(
    signed: payment.SignedResult, manifest: Manifest, context_bytes: bytes, now_ms: int
) -> payment.Result:
    """Verify a result as the answer to exactly the payment of this context.

    `context_bytes` is what the reader serialised and signed. Raises PaymentError
    SIGNATURE_REJECTED whatever is wrong.
    """
    result = verify_result(signed, manifest)
    context = strict_decode(payment.PaymentContext, context_bytes)
    expected_digest = digest("payment-context", context_bytes)
    is_ok = {
        "context digest": hmac.compare_digest(result.context_digest, expected_digest),
        "payment id": result.payment_id == context.payment_id,
        "reader serial": result.reader_serial == context.reader_serial,
        # Earlier processors named none, and the context digest binds it anyway.
        "merchant id": result.merchant_id in {"", context.merchant_id},
        "currency": result.currency == context.currency,
        "revision": result.revision >= 1,
        "amount": _is_possible_amount(result, context),
        "validity": now_ms <= result.valid_until_ms,
    }
    for reason, is_right in is_ok.items():
        if not is_right:
            raise _rejected(reason)
    return result


def _is_possible_amount(result: payment.Result, context: payment.PaymentContext) -> bool:
    """Approved in full, in part where that was accepted and signed, or nothing."""
    approved, total = result.approved_amount_minor, context.amounts.total_minor
    match result.outcome:
        case payment.OUTCOME_APPROVED:
            return approved == total
        case payment.OUTCOME_PARTIALLY_APPROVED:
            return context.accept_partial and 0 < approved < total
        case payment.OUTCOME_DECLINED:
            return approved == 0
        case payment.OUTCOME_REVERSED | payment.OUTCOME_VOIDED:
            return approved <= total
        case _:
            return False


def _rejected(reason: str) -> PaymentError:
    """One outward failure for everything; the reason is for the security log alone."""
    error = PaymentError("SIGNATURE_REJECTED", "result rejected")
    error.__cause__ = RejectedError(reason)
    return error
