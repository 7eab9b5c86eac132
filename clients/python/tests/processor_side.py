"""What a processor and its PIN service do, as far as the vectors ask. For tests alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from nacl.exceptions import CryptoError
from nacl.public import Box, PrivateKey, PublicKey, SealedBox

from cardlane.errors import PaymentError
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.sealing import dukpt, pin_block
from cardlane.sealing.rejected import RejectedError
from cardlane.strict_decode import strict_decode

if TYPE_CHECKING:
    from collections.abc import Mapping

_CARD_BOX_BYTES, _PIN_BOX_BYTES = 560, 176
_READER_PAYMENT_BYTES_MAX = 1_200
_AMOUNT_MINOR_MAX = 10**12 - 1
_SUBMIT_WITHIN_MS = 120_000
_READER_KINDS = (
    payment.PAYMENT_KIND_SALE,
    payment.PAYMENT_KIND_AUTHORIZATION,
    payment.PAYMENT_KIND_REFUND,
    payment.PAYMENT_KIND_BALANCE_ENQUIRY,
)


def parse_reader_payment(
    data: bytes,
) -> tuple[payment.ReaderPayment, payment.PaymentContext]:
    """Check every field. Raises PaymentError."""
    if not 0 < len(data) <= _READER_PAYMENT_BYTES_MAX:
        raise _malformed("reader_payment")
    signed = strict_decode(payment.ReaderPayment, data)
    context = strict_decode(payment.PaymentContext, signed.context)
    has_pin = context.verification == payment.VERIFICATION_ONLINE_PIN
    is_ok = {
        "version": context.version == 1,
        "payment_id": len(context.payment_id) == 16,
        "previous_payment_id": len(context.previous_payment_id) in (0, 16),
        "reader_serial": re.fullmatch(r"[A-Z0-9-]{1,32}", context.reader_serial),
        "reader_certificate_id": len(context.reader_certificate_id) == 8,
        "counter": context.counter >= 1,
        "kind": context.kind in _READER_KINDS,
        "merchant_id": re.fullmatch(r"[A-Z0-9]{15}", context.merchant_id),
        "terminal_id": re.fullmatch(r"[A-Z0-9]{8}", context.terminal_id),
        "terminal_certificate_id": len(context.terminal_certificate_id) == 8,
        "entry_mode": context.entry_mode in payment.EntryMode.values()[1:],
        "verification": context.verification in payment.Verification.values()[1:],
        "pin_entry": has_pin == (context.pin_entry != payment.PIN_ENTRY_UNSPECIFIED),
        "card_key_id": len(context.card_key_id) == 8,
        "pin_key_id": len(context.pin_key_id) == (8 if has_pin else 0),
        "submit_before_ms": 0
        <= context.submit_before_ms
        <= context.reader_time_ms + _SUBMIT_WITHIN_MS,
        "card_box": len(signed.card_box) == _CARD_BOX_BYTES,
        "pin_box": len(signed.pin_box) == (_PIN_BOX_BYTES if has_pin else 0),
    }
    for field, is_right in is_ok.items():
        if not is_right:
            raise _malformed(field)
    _check_amounts(context)
    return signed, context


def _check_amounts(context: payment.PaymentContext) -> None:
    if not 1 <= context.currency <= 999:
        raise PaymentError("CURRENCY_NOT_ACCEPTED", "currency")
    amounts = context.amounts
    is_enquiry = context.kind == payment.PAYMENT_KIND_BALANCE_ENQUIRY
    lowest, highest = (0, 0) if is_enquiry else (1, _AMOUNT_MINOR_MAX)
    parts = amounts.tip_minor + amounts.cashback_minor + amounts.surcharge_minor
    if not lowest <= amounts.total_minor <= highest or parts > amounts.total_minor:
        raise PaymentError("AMOUNT_OUT_OF_RANGE", "amounts")


def open_card_box(secret_key: bytes, context_digest: bytes, sealed: bytes) -> bytes:
    """Return serialised CardData. Raises RejectedError."""
    content = _open_box(secret_key, b"\x01\x01" + context_digest, sealed, _CARD_BOX_BYTES)
    end = 2 + int.from_bytes(content[:2])
    if end > len(content) or any(content[end:]):
        raise RejectedError("card box")
    return content[2:end]


def open_pin_box(secret_key: bytes, context_digest: bytes, sealed: bytes) -> tuple[bytes, bytes]:
    """Return key serial number and PIN block. Raises RejectedError."""
    content = _open_box(secret_key, b"\x01\x02" + context_digest, sealed, _PIN_BOX_BYTES)
    if any(content[28:]):
        raise RejectedError("PIN box")
    return content[:12], content[12:28]


def _open_box(secret_key: bytes, head: bytes, sealed: bytes, length: int) -> bytes:
    if len(sealed) != length:
        raise RejectedError("box length")
    try:
        plaintext = SealedBox(PrivateKey(secret_key)).decrypt(sealed)
    except (CryptoError, RuntimeError) as error:
        raise RejectedError("box") from error
    if not plaintext.startswith(head):
        raise RejectedError("box head")
    return plaintext[len(head) :]


def open_hop_box(given: Mapping[str, str]) -> bytes:
    """Return the payload. Raises RejectedError."""
    direction = {"request": b"\x01", "answer": b"\x02"}[given["direction"]]
    head = b"\x01\x03" + direction + given["relay_id"].encode()
    peer = PublicKey(bytes.fromhex(given["peer_public_key"]))
    box = Box(PrivateKey(bytes.fromhex(given["secret_key"])), peer)
    try:
        plaintext = box.decrypt(bytes.fromhex(given["sealed"]))
    except (CryptoError, ValueError) as error:
        raise RejectedError("box") from error
    if not plaintext.startswith(head):
        raise RejectedError("box head")
    return plaintext[len(head) :]


def decipher_pin(base_derivation_key: bytes, serial_number: bytes, pan: str, block: bytes) -> str:
    """Return the PIN in an ISO 9564-1 format 4 block. Raises RejectedError."""
    if len(serial_number) != dukpt.KEY_SERIAL_NUMBER_BYTES or len(block) != 16:
        raise RejectedError("PIN block length")
    key = _pin_key(base_derivation_key, serial_number)
    inner = pin_block._xor(_decipher_block(key, block), pin_block._pan_field(pan))  # noqa: SLF001
    field = _decipher_block(key, inner).hex()
    length = int(field[1], 16)
    shape = re.compile(rf"4[4-9a-c][0-9]{{{length}}}a{{{14 - length}}}") if length <= 12 else None
    if shape is None or not shape.fullmatch(field[:16]):
        raise RejectedError("PIN block")
    return field[2 : 2 + length]


def _pin_key(base_derivation_key: bytes, serial_number: bytes) -> bytes:
    """Derive a key for each one-bit of the counter, from the highest on."""
    initial_key_id, counter = serial_number[:8], int.from_bytes(serial_number[8:])
    key = dukpt.derive_initial_key(base_derivation_key, initial_key_id)
    so_far = 0
    for position in reversed(range(32)):
        if counter >> position & 1:
            so_far |= 1 << position
            key = dukpt._derive(key, dukpt._USAGE_KEY_DERIVATION, initial_key_id, so_far)  # noqa: SLF001
    return dukpt._derive(key, dukpt._USAGE_PIN_ENCRYPTION, initial_key_id, counter)  # noqa: SLF001


def _decipher_block(key: bytes, block: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES128(key), modes.ECB()).decryptor()  # noqa: S305
    return decryptor.update(block) + decryptor.finalize()


def _malformed(field: str) -> PaymentError:
    return PaymentError("MALFORMED_REQUEST", f"{field} is not as the contract says")
