"""The processor's answers: the reader believes nothing but their signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardlane.errors import PaymentError
from cardlane.money import currency_from_number, format_amount
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.reader.v1 import reader_pb2 as reader
from cardlane.sealing.results import verify_answer, verify_result

if TYPE_CHECKING:
    from cardlane.simulated_reader.sign_payment import PaymentSigner

UNKNOWN_LINES = ("UNKNOWN", "Wait for the cashier")
CANCELLED_LINES = ("CANCELLED", "Nothing was charged")

_SHOWN_OF_OUTCOME = {
    payment.OUTCOME_APPROVED: reader.SHOWN_OUTCOME_APPROVED,
    payment.OUTCOME_PARTIALLY_APPROVED: reader.SHOWN_OUTCOME_APPROVED,
    payment.OUTCOME_DECLINED: reader.SHOWN_OUTCOME_DECLINED,
    payment.OUTCOME_REVERSED: reader.SHOWN_OUTCOME_REVERSED,
    payment.OUTCOME_VOIDED: reader.SHOWN_OUTCOME_REVERSED,
}


@dataclass(frozen=True)
class Answered:
    """A verified answer, and the context of the payment it answers, as it was signed."""

    context_bytes: bytes
    result: payment.Result

    @property
    def context(self) -> payment.PaymentContext:
        """The same context, taken apart."""
        return payment.PaymentContext.FromString(self.context_bytes)

    @property
    def shown(self) -> reader.ShownOutcome:
        """What the display says in one word."""
        return _SHOWN_OF_OUTCOME[self.result.outcome]

    @property
    def lines(self) -> tuple[str, ...]:
        """What the display says."""
        if self.shown == reader.SHOWN_OUTCOME_APPROVED:
            currency = currency_from_number(self.result.currency)
            return ("APPROVED", format_amount(self.result.approved_amount_minor, currency))
        is_declined = self.shown == reader.SHOWN_OUTCOME_DECLINED
        return ("DECLINED" if is_declined else "REVERSED", "Nothing was charged")


class Answers:
    """Checks answers to what this reader signed, and remembers the last one.

    It is remembered for a higher revision of the same answer, and for PIN retries.
    """

    def __init__(self, signer: PaymentSigner) -> None:
        self._signer = signer
        self.last: Answered | None = None

    def take(self, signed: payment.SignedResult) -> Answered:
        """Verify an answer and remember it; its payment's signed bytes are needed no more.

        Raises PaymentError when it is not a valid answer to what this reader signed.
        """
        now_ms = self._signer.clock.now_ms()
        manifest = self._signer.manifest.valid_at(now_ms)
        payment_id = verify_result(signed, manifest).payment_id
        is_known = self.last is not None and self.last.result.payment_id == payment_id
        before = self.last if is_known else None
        context_bytes = before.context_bytes if before else self._kept_context(payment_id)
        result = verify_answer(signed, manifest, context_bytes, now_ms)
        if before is not None and _is_older(result, before.result):
            raise PaymentError("SIGNATURE_REJECTED", "result rejected")
        self._signer.store.drop(payment_id)
        self.last = Answered(context_bytes, result)
        return self.last

    def _kept_context(self, payment_id: bytes) -> bytes:
        kept = self._signer.store.kept(payment_id)
        if kept is None:
            raise PaymentError("PAYMENT_NOT_FOUND", "payment is not here")
        return payment.ReaderPayment.FromString(kept.reader_payment).context


def _is_older(result: payment.Result, before: payment.Result) -> bool:
    """Of two answers of one revision that say different things, the first one stands."""
    if result.revision != before.revision:
        return result.revision < before.revision
    return result.outcome != before.outcome
