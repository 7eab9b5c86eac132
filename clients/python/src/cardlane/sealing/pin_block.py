"""PIN blocks of ISO 9564-1 format 4."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cardlane.sealing.aes import encipher_block

if TYPE_CHECKING:
    from cardlane.sealing.randomness import Random

PIN_BLOCK_BYTES = 16
_RANDOM_BYTES = 8
_PIN_SHAPE = re.compile(r"[0-9]{4,12}")
_PAN_SHAPE = re.compile(r"[0-9]{12,19}")


def is_pin(text: str) -> bool:
    """Tell whether this is 4 to 12 decimal digits (ISO 9564-1, 9.4.2)."""
    return _PIN_SHAPE.fullmatch(text) is not None


def encipher_pin_block(*, pin_key: bytes, pin: str, pan: str, random: Random) -> bytes:
    """Return AES(key, AES(key, PIN field) xor PAN field): 16 bytes.

    `pin_key` is an AES-128 key of one payment. It deciphers with the same card number only.
    """
    if not is_pin(pin) or not _PAN_SHAPE.fullmatch(pan):
        raise ValueError("bug: a PIN has 4 to 12 decimal digits, a card number 12 to 19")
    enciphered = encipher_block(pin_key, _pin_field(pin, random))
    return encipher_block(pin_key, _xor(enciphered, _pan_field(pan)))


def _pin_field(pin: str, random: Random) -> bytes:
    """`4 L P…P A…A` as nibbles in 8 bytes, then 8 random bytes."""
    digits = f"4{len(pin):X}{pin}".ljust(16, "A")
    return bytes.fromhex(digits) + random(_RANDOM_BYTES)


def _pan_field(pan: str) -> bytes:
    """`M P…P 0…0` as nibbles in 16 bytes, M being the number's length above 12."""
    return bytes.fromhex(f"{len(pan) - 12}{pan}".ljust(2 * PIN_BLOCK_BYTES, "0"))


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
