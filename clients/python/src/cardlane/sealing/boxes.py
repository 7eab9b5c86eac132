"""Card box and PIN box: plain texts of one length, bound to their payment from the inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardlane.sealing.dukpt import KEY_SERIAL_NUMBER_BYTES
from cardlane.sealing.pin_block import PIN_BLOCK_BYTES
from cardlane.sealing.sealed_box import seal

if TYPE_CHECKING:
    from cardlane.sealing.randomness import Random

_VERSION = 1
_CARD = 1
_PIN = 2
_CONTEXT_DIGEST_BYTES = 64
_CARD_PLAINTEXT_BYTES = 512
_PIN_PLAINTEXT_BYTES = 128


def seal_card_box(
    *, recipient: bytes, context_digest: bytes, card_data: bytes, random: Random
) -> bytes:
    """Seal serialised CardData for the processor's card key.

    Return 560 bytes of `01 01`, H(context)[64], length u16 big-endian, card data, zeros.
    """
    content = len(card_data).to_bytes(2) + card_data
    plaintext = _bound(_CARD, context_digest, content, _CARD_PLAINTEXT_BYTES)
    return seal(recipient, plaintext, random)


def seal_pin_box(
    *,
    recipient: bytes,
    context_digest: bytes,
    key_serial_number: bytes,
    pin_block: bytes,
    random: Random,
) -> bytes:
    """Seal an enciphered PIN block for the PIN service.

    Return 176 bytes of `01 02`, H(context)[64], key serial number[12], PIN block[16], zeros.
    """
    _require_length("key serial number", key_serial_number, KEY_SERIAL_NUMBER_BYTES)
    _require_length("PIN block", pin_block, PIN_BLOCK_BYTES)
    content = key_serial_number + pin_block
    plaintext = _bound(_PIN, context_digest, content, _PIN_PLAINTEXT_BYTES)
    return seal(recipient, plaintext, random)


def _bound(purpose: int, context_digest: bytes, content: bytes, length: int) -> bytes:
    _require_length("H(context)", context_digest, _CONTEXT_DIGEST_BYTES)
    filled = bytes([_VERSION, purpose]) + context_digest + content
    if len(filled) > length:
        raise ValueError(f"bug: a box takes {length} bytes, got {len(filled)}")
    return filled.ljust(length, b"\0")


def _require_length(name: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise ValueError(f"bug: {name} has {length} bytes, got {len(value)}")
