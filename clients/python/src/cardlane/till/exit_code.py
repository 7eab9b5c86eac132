"""What scripts read from the end of a command."""

from __future__ import annotations

from enum import IntEnum

from cardlane.payment.v1 import payment_pb2 as payment

_APPROVED_STATES = (
    payment.PAYMENT_STATE_APPROVED,
    payment.PAYMENT_STATE_AUTHORIZED,
    payment.PAYMENT_STATE_CAPTURED,
)


class ExitCode(IntEnum):
    """Undone payments count as declined: nothing is charged."""

    APPROVED = 0
    ERROR = 1
    DECLINED = 2
    UNKNOWN = 3


def exit_code_of(certainty: payment.Certainty, state: payment.PaymentState) -> ExitCode:
    """Return the code for what is known of a payment."""
    if certainty != payment.CERTAINTY_FINAL:
        return ExitCode.UNKNOWN
    if state == payment.PAYMENT_STATE_UNSPECIFIED:  # a fault that surely changed nothing
        return ExitCode.ERROR
    return ExitCode.APPROVED if state in _APPROVED_STATES else ExitCode.DECLINED
