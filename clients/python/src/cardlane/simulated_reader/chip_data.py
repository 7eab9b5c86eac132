"""What a card hands to the reader."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cardlane.payment.v1 import payment_pb2 as payment

if TYPE_CHECKING:
    from cardlane.reader.v1 import reader_pb2 as reader
    from cardlane.sealing.certificates import TerminalCertificate
    from cardlane.sealing.randomness import Random
    from cardlane.simulated_reader.cards import Card

# International card with a chip, normal authorization, no restrictions (ISO/IEC 7813).
_SERVICE_CODE = "201"


def stripe_data(card: Card) -> payment.CardData:
    """Return what a swipe gives: track 2 with a CVV that only a simulator can make."""
    check = int.from_bytes(hashlib.sha512(f"cvv {card.number}".encode()).digest()[:2]) % 1_000
    return payment.CardData(
        pan=card.number,
        expiration_date=card.expiration_date,
        track2=f"{card.number}={card.expiration_date}{_SERVICE_CODE}00000{check:03}",
        service_code=_SERVICE_CODE,
    )


def chip_data(  # noqa: PLR0913
    card: Card,
    prepared: reader.PreparePayment,
    terminal: TerminalCertificate,
    *,
    counter: int,
    now_ms: int,
    random: Random,
) -> payment.CardData:
    """Return what a chip gives for authorization (ISO 8583 DE 55) as BER-TLV.

    Tags and lengths are those of EMV Book 3, annex A, but no card has computed the cryptogram in
    9F26, which is random. The reader's counter stands in for the card's own (9F36).
    """
    date = datetime.fromtimestamp(now_ms / 1_000, UTC).strftime("%y%m%d")
    tags = {
        "9f26": random(8).hex(),  # application cryptogram
        "9f27": "80",  # the card asks to go online
        "9f10": "06010a03a0b800",  # issuer application data
        "9f37": random(4).hex(),  # unpredictable number
        "9f36": f"{counter & 0xFFFF:04x}",
        "95": "0000008000",  # terminal verification results: over the floor limit
        "9a": date,
        "9c": "00",  # goods and services
        "9f02": f"{prepared.amounts.total_minor:012}",
        "5f2a": f"{prepared.currency:04}",
        "82": "3900",  # application interchange profile
        "9f1a": f"{terminal.wire.country:04}",
    }
    objects = (f"{tag}{len(value) // 2:02x}{value}" for tag, value in tags.items())
    return payment.CardData(
        pan=card.number,
        expiration_date=card.expiration_date,
        card_sequence_number=1,
        emv_data=bytes.fromhex("".join(objects)),
    )
