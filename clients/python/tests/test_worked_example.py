"""The worked example of the protocol, recomputed; one flipped bit of it is refused."""

from __future__ import annotations

import hashlib

import pytest
from nacl.exceptions import CryptoError
from nacl.public import Box, PrivateKey, SealedBox
from vectors import flipped, read_vectors
from worked_example import (
    CARD_KEY,
    PIN_KEY,
    PROCESSOR_HOP,
    RELAY_HOP,
    RESULT_KEY,
    SIGNING,
    worked_example,
)

from cardlane.errors import PaymentError
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.sealing.dsse import digest, verify
from cardlane.sealing.ed25519 import Verifier
from cardlane.strict_decode import encode, strict_decode

PUBLISHED: dict[str, str] = read_vectors("worked-example")["outputs"]


def published(name: str) -> bytes:
    return bytes.fromhex(PUBLISHED[name])


def test_no_output_is_missing() -> None:
    assert worked_example().keys() == PUBLISHED.keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_output_is_recomputed(name: str) -> None:
    assert worked_example()[name].hex() == PUBLISHED[name]


@pytest.mark.parametrize("byte", [0, 31, 32, 63])
@pytest.mark.parametrize("name", ["payment_signature", "result_signature"])
def test_one_flipped_bit_of_a_signature_is_refused(name: str, byte: int) -> None:
    reader_payment = encode(
        payment.ReaderPayment(
            context=published("context"),
            card_box=published("card_box"),
            pin_box=published("pin_box"),
        )
    )
    is_payment = name == "payment_signature"
    signer = SIGNING if is_payment else RESULT_KEY
    body = reader_payment if is_payment else published("result")
    verifier = Verifier(signer.public_key)
    signature = published(name)
    payload_type = "reader-payment" if is_payment else "result"
    assert verify(payload_type, body, signature, verifier)  # type: ignore[arg-type]
    assert not verify(payload_type, body, flipped(signature, byte), verifier)  # type: ignore[arg-type]
    assert not verify(payload_type, flipped(body, byte), signature, verifier)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "key"), [("card_box", CARD_KEY), ("pin_box", PIN_KEY)])
def test_one_flipped_bit_of_a_box_is_refused(name: str, key: PrivateKey) -> None:
    box = published(name)
    plaintext = SealedBox(key).decrypt(box)
    assert plaintext[2:66] == published("context_digest")
    for byte in (0, 32, 48, len(box) - 1):
        with pytest.raises(CryptoError):
            SealedBox(key).decrypt(flipped(box, byte))


def test_one_flipped_bit_of_a_hop_box_is_refused() -> None:
    box = published("hop_box")
    opener = Box(PROCESSOR_HOP, RELAY_HOP.public_key)
    assert opener.decrypt(box) == b"\x01\x03\x01A1"
    for byte in (0, 24, len(box) - 1):
        with pytest.raises(CryptoError):
            opener.decrypt(flipped(box, byte))


def test_one_flipped_bit_of_the_context_changes_what_the_boxes_are_bound_to() -> None:
    context = published("context")
    assert digest("payment-context", context) == published("context_digest")
    changed = {digest("payment-context", flipped(context, byte)) for byte in range(len(context))}
    assert len(changed) == len(context)
    assert published("context_digest") not in changed


def test_digest_names_its_type() -> None:
    context = published("context")
    plain = hashlib.sha512(context).digest()
    assert len({plain, digest("payment-context", context), digest("result", context)}) == 3


@pytest.mark.parametrize(
    ("problem", "data"),
    [
        ("unknown field", published("context") + b"\xf8\x07\x01"),
        ("field twice", b"\x08\x01" + published("context")),
        ("padded varint", b"\x08\x81\x00" + published("context")[2:]),
        ("default value", published("context") + b"\x50\x00"),
        ("wrong order", published("context")[2:] + published("context")[:2]),
        ("cut short", published("context")[:-1]),
    ],
)
def test_context_in_another_serialisation_is_refused(problem: str, data: bytes) -> None:
    assert strict_decode(payment.PaymentContext, published("context")).counter == 1
    with pytest.raises(PaymentError, match="canonical") as refused:
        strict_decode(payment.PaymentContext, data)
    assert refused.value.code == "MALFORMED_REQUEST", problem
