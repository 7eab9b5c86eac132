"""Every way in which cardlane refuses or fails."""

from __future__ import annotations

from typing import NamedTuple

from cardlane.payment.v1 import payment_pb2 as payment

_FINAL = payment.CERTAINTY_FINAL
_UNKNOWN = payment.CERTAINTY_UNKNOWN
_CORRECT = payment.NEXT_STEP_CORRECT_REQUEST
_NEVER = payment.NEXT_STEP_DO_NOT_RETRY
_INSERT = payment.NEXT_STEP_INSERT_CARD


class _Row(NamedTuple):
    certainty: payment.Certainty
    next_step: payment.NextStep


# The rows of docs/failure-modes.md that a reader can give.
READER_ERRORS = {
    "MALFORMED_REQUEST": _Row(_FINAL, _CORRECT),
    "AMOUNT_OUT_OF_RANGE": _Row(_FINAL, _CORRECT),
    "CURRENCY_NOT_ACCEPTED": _Row(_FINAL, _CORRECT),
    "SIGNATURE_REJECTED": _Row(_FINAL, _NEVER),
    "KEY_NOT_VALID": _Row(_FINAL, _CORRECT),
    "CERTIFICATE_REJECTED": _Row(_FINAL, _NEVER),
    "PAYMENT_NOT_FOUND": _Row(_UNKNOWN, payment.NEXT_STEP_RETRY_SAME_ID),
    "ALREADY_SIGNED": _Row(_UNKNOWN, payment.NEXT_STEP_RETRY_SAME_ID),
    "WRONG_STATE": _Row(_FINAL, _NEVER),
    "READER_BUSY": _Row(_FINAL, payment.NEXT_STEP_WAIT),
    "CARD_NOT_READ": _Row(_FINAL, _INSERT),
    "PIN_NOT_ENTERED": _Row(_FINAL, payment.NEXT_STEP_ENTER_PIN),
    "NOT_SUPPORTED": _Row(_FINAL, _NEVER),
    "INTERNAL": _Row(_UNKNOWN, payment.NEXT_STEP_RETRY_SAME_ID),
}


class PaymentError(Exception):
    """A refusal or failure of the closed table.

    `code` is a key of READER_ERRORS. The message says what was expected and what came, and never
    holds card data.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        if code not in READER_ERRORS:
            raise ValueError(f"bug: {code} is not in the table of errors")
        self.code = code

    def to_fault(self) -> payment.PaymentFault:
        """Return what the other side of a stream gets to know."""
        row = READER_ERRORS[self.code]
        return payment.PaymentFault(
            code=self.code,
            message=str(self),
            certainty=row.certainty,
            next_step=row.next_step,
        )
