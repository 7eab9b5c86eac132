"""How the card of a payment is presented, and how its holder is verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardlane.errors import PaymentError
from cardlane.money import currency_from_number
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.sealing.pin_block import is_pin
from cardlane.simulated_reader.cards import TEST_PIN

if TYPE_CHECKING:
    from cardlane.reader.v1 import reader_pb2 as reader
    from cardlane.simulated_reader.answers import Answered
    from cardlane.simulated_reader.cards import Card

# Up to here a tap needs no PIN, in whole units of the currency: the limit of most of Europe.
_TAP_WITHOUT_PIN_MAX = 50

_STRIPES = (payment.ENTRY_MODE_MAGSTRIPE, payment.ENTRY_MODE_FALLBACK)

_WRONG_PIN = "55"
_CHIP_AND_PIN_WANTED = "1A"


@dataclass(frozen=True)
class CardReading:
    """A card as the reader got it."""

    card: Card
    entry_mode: payment.EntryMode
    verification: payment.Verification

    @property
    def is_stripe(self) -> bool:
        """Whether it was swiped."""
        return self.entry_mode in _STRIPES


@dataclass(frozen=True)
class EnteredPin:
    """An online PIN, and where it was typed."""

    digits: str
    entry: payment.PinEntry

    def __repr__(self) -> str:
        return "<PIN>"


def read_card(card: Card, prepared: reader.PreparePayment, last: Answered | None) -> CardReading:
    """Present the card for a payment.

    `last` is the answer that the reader showed last, which a payment with a previous_payment_id
    must repeat. Raises PaymentError WRONG_STATE when it does not.
    """
    entry_mode = _entry_mode(card, prepared, last)
    return CardReading(card, entry_mode, _verification(card, entry_mode, prepared))


def enter_pin(
    reading: CardReading, confirm: reader.Confirm, own_pin: str | None
) -> EnteredPin | None:
    """Return the PIN to seal: nothing unless the card asks for an online PIN.

    `own_pin` is what is typed on the reader's own keys, where it has some. The simulated chip
    compares an offline PIN itself. Raises PaymentError PIN_NOT_ENTERED.
    """
    is_online = reading.verification == payment.VERIFICATION_ONLINE_PIN
    if not is_online and reading.verification != payment.VERIFICATION_OFFLINE_PIN:
        return None
    if confirm.WhichOneof("pin_source") == "pin":
        pin = EnteredPin(confirm.pin, payment.PIN_ENTRY_TERMINAL)
    elif confirm.pin_on_reader and own_pin is not None:
        pin = EnteredPin(own_pin, payment.PIN_ENTRY_READER)
    else:
        raise PaymentError("PIN_NOT_ENTERED", "this card asks for a PIN")
    if not is_pin(pin.digits):
        raise PaymentError("PIN_NOT_ENTERED", "PIN must be 4 to 12 digits")
    if is_online:
        return pin
    if pin.digits != TEST_PIN:
        raise PaymentError("PIN_NOT_ENTERED", "the card refused the PIN")
    return None


def _entry_mode(
    card: Card, prepared: reader.PreparePayment, last: Answered | None
) -> payment.EntryMode:
    if not prepared.previous_payment_id:
        return card.entry_mode
    if (
        last is None
        or last.result.payment_id != prepared.previous_payment_id
        or last.result.response_code not in (_WRONG_PIN, _CHIP_AND_PIN_WANTED)
        or not _has_same_terms(prepared, last.context)
    ):
        expected = "the payment that this reader showed last as declined with 55 or 1A"
        raise PaymentError("WRONG_STATE", f"previous_payment_id must be {expected}")
    if last.result.response_code == _CHIP_AND_PIN_WANTED:
        return payment.ENTRY_MODE_CHIP
    return last.context.entry_mode


def _has_same_terms(prepared: reader.PreparePayment, context: payment.PaymentContext) -> bool:
    return (
        prepared.kind == context.kind
        and prepared.amounts == context.amounts
        and prepared.currency == context.currency
    )


def _verification(
    card: Card, entry_mode: payment.EntryMode, prepared: reader.PreparePayment
) -> payment.Verification:
    if entry_mode in _STRIPES:
        return payment.VERIFICATION_SIGNATURE
    if entry_mode != payment.ENTRY_MODE_CONTACTLESS:
        return card.verification
    limit_minor = _TAP_WITHOUT_PIN_MAX * 10 ** currency_from_number(prepared.currency).minor_digits
    is_pin_asked = card.is_pin_asked_on_tap or prepared.amounts.total_minor > limit_minor
    return payment.VERIFICATION_ONLINE_PIN if is_pin_asked else payment.VERIFICATION_NONE
