"""The prepare command, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardlane.errors import PaymentError
from cardlane.money import AMOUNT_MINOR_MAX, currency_from_number, format_amount
from cardlane.payment.v1 import payment_pb2 as payment

if TYPE_CHECKING:
    from cardlane.reader.v1 import reader_pb2 as reader

_KINDS = (
    payment.PAYMENT_KIND_SALE,
    payment.PAYMENT_KIND_AUTHORIZATION,
    payment.PAYMENT_KIND_REFUND,
    payment.PAYMENT_KIND_BALANCE_ENQUIRY,
)
_ID_BYTES = 16


def check_prepare(prepared: reader.PreparePayment) -> None:
    """Raise PaymentError for a command that no reader can follow."""
    if prepared.kind not in _KINDS:
        raise PaymentError("NOT_SUPPORTED", f"the reader takes no card for kind {prepared.kind}")
    if len(prepared.payment_id) != _ID_BYTES:
        raise PaymentError("MALFORMED_REQUEST", "payment_id must be 16 bytes")
    if len(prepared.previous_payment_id) not in (0, _ID_BYTES):
        raise PaymentError("MALFORMED_REQUEST", "previous_payment_id must be 16 bytes or empty")
    currency_from_number(prepared.currency)
    amounts = prepared.amounts
    is_enquiry = prepared.kind == payment.PAYMENT_KIND_BALANCE_ENQUIRY
    lowest, highest = (0, 0) if is_enquiry else (1, AMOUNT_MINOR_MAX)
    if not lowest <= amounts.total_minor <= highest:
        wanted = f"{lowest} to {highest}"
        came = amounts.total_minor
        raise PaymentError("AMOUNT_OUT_OF_RANGE", f"amounts.total_minor must be {wanted}: {came}")
    if amounts.tip_minor + amounts.cashback_minor + amounts.surcharge_minor > amounts.total_minor:
        raise PaymentError("AMOUNT_OUT_OF_RANGE", "the parts of the amount exceed the total")


def amount_line(prepared: reader.PreparePayment) -> str:
    """Return what the display shows of the amount."""
    if prepared.kind == payment.PAYMENT_KIND_BALANCE_ENQUIRY:
        return "Balance enquiry"
    currency = currency_from_number(prepared.currency)
    amount = format_amount(prepared.amounts.total_minor, currency)
    return f"Refund {amount}" if prepared.kind == payment.PAYMENT_KIND_REFUND else amount
