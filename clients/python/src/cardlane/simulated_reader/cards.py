"""Published test cards, their numbers and outcomes being those of Stripe Terminal."""

from __future__ import annotations

from dataclasses import dataclass

from cardlane.payment.v1 import payment_pb2 as payment


@dataclass(frozen=True)
class Card:
    """A card and how it is presented."""

    name: str
    number: str
    expiration_date: str = "3412"
    """YYMM."""
    entry_mode: payment.EntryMode = payment.ENTRY_MODE_CHIP
    verification: payment.Verification = payment.VERIFICATION_ONLINE_PIN
    """What the chip asks for when it is inserted."""
    is_pin_asked_on_tap: bool = False
    """Asks for an online PIN when tapped, whatever the amount."""

    @property
    def masked_number(self) -> str:
        """First six and last four digits: the most that may be shown (PCI DSS 3.4.1)."""
        return f"{self.number[:6]}{'*' * (len(self.number) - 10)}{self.number[-4:]}"

    @property
    def scheme(self) -> str:
        """Name of the scheme by the ranges of ISO/IEC 7812, for people."""
        for beginnings, scheme in _SCHEMES:
            if self.number.startswith(beginnings):
                return scheme
        return "CARD"

    def __repr__(self) -> str:
        return f"<test card ending {self.number[-4:]}>"


_SCHEMES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("4506445",), "INTERAC"),
    (("34", "37"), "AMEX"),
    (("30", "36", "38"), "DINERS"),
    (("35",), "JCB"),
    (("6011", "65"), "DISCOVER"),
    (("62",), "UNIONPAY"),
    (("51", "52", "53", "54", "55"), "MASTERCARD"),
    (("4",), "VISA"),
)

_TAPPED = payment.ENTRY_MODE_CONTACTLESS
_BY_CHIP = payment.VERIFICATION_OFFLINE_PIN

_CARDS = (
    Card("visa", "4242424242424242"),
    Card("visa_debit", "4000056655665556"),
    Card("mastercard", "5555555555554444"),
    Card("mastercard_debit", "5200828282828210"),
    Card("amex", "378282246310005"),
    Card("discover", "6011111111111117"),
    Card("diners", "3056930009020004"),
    Card("jcb", "3566002020360505"),
    Card("unionpay", "6200000000000005"),
    Card("interac", "4506445006931933"),
    Card("charge_declined", "4000000000000002"),
    Card("charge_declined_insufficient_funds", "4000000000009995"),
    Card("charge_declined_lost_card", "4000000000009987"),
    Card("charge_declined_stolen_card", "4000000000009979"),
    Card("charge_declined_expired_card", "4000000000000069", expiration_date="2001"),
    Card("charge_declined_processing_error", "4000000000000119"),
    Card("online_pin_cvm", "4001000360000005", entry_mode=_TAPPED, is_pin_asked_on_tap=True),
    Card("online_pin_sca_retry", "4000002760000008", entry_mode=_TAPPED),
    Card("offline_pin_cvm", "4001007020000002", verification=_BY_CHIP),
    Card("offline_pin_sca_retry", "4000008260000075", entry_mode=_TAPPED, verification=_BY_CHIP),
)

CARDS = {card.name: card for card in _CARDS}
TEST_PIN = "1234"
"""PIN of every test card; what the simulated chip compares an offline PIN with."""
