"""The payment of docs/protocol/example.md, computed from its fixed inputs."""

from __future__ import annotations

import hashlib
import uuid

from nacl.public import Box, PrivateKey, PublicKey
from vectors import repeated

from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.sealing.boxes import seal_card_box, seal_pin_box
from cardlane.sealing.dsse import digest, sign
from cardlane.sealing.dukpt import DukptRegister, derive_initial_key
from cardlane.sealing.ed25519 import Signer, key_id
from cardlane.sealing.pin_block import encipher_pin_block
from cardlane.strict_decode import encode

BASE_DERIVATION_KEY = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
INITIAL_KEY_ID = bytes.fromhex("1234567890123456")
SIGNING = Signer(repeated(0x01))
CARD_KEY = PrivateKey(repeated(0x02))
PIN_KEY = PrivateKey(repeated(0x03))
RESULT_KEY = Signer(repeated(0x04))
RELAY_HOP = PrivateKey(repeated(0x05))
PROCESSOR_HOP = PrivateKey(repeated(0x06))
_PAN = "4242424242424242"
_PIN = "1234"


def worked_example() -> dict[str, bytes]:
    """Return all outputs, by their names in the document."""
    context = encode(example_context())
    context_digest = digest("payment-context", context)
    card_data = payment.CardData(pan=_PAN, expiration_date="3412", card_sequence_number=1)
    card_box = seal_card_box(
        recipient=bytes(CARD_KEY.public_key),
        context_digest=context_digest,
        card_data=encode(card_data),
        random=lambda length: repeated(0x11, length),
    )
    initial_key = derive_initial_key(BASE_DERIVATION_KEY, INITIAL_KEY_ID)
    serial_number, pin_key = DukptRegister.load(INITIAL_KEY_ID, initial_key).next_pin_key()
    pin_block = encipher_pin_block(
        pin_key=pin_key, pin=_PIN, pan=_PAN, random=lambda length: repeated(0x12, length)
    )
    pin_box = seal_pin_box(
        recipient=bytes(PIN_KEY.public_key),
        context_digest=context_digest,
        key_serial_number=serial_number,
        pin_block=pin_block,
        random=lambda length: repeated(0x13, length),
    )
    reader_payment = encode(
        payment.ReaderPayment(context=context, card_box=card_box, pin_box=pin_box)
    )
    result = encode(example_result(context_digest))
    return {
        "initial_key": initial_key,
        "context": context,
        "context_digest": context_digest,
        "card_box": card_box,
        "key_serial_number": serial_number,
        "pin_block": pin_block,
        "pin_box": pin_box,
        "idempotency_digest": hashlib.sha512(reader_payment).digest(),
        "payment_signature": sign("reader-payment", reader_payment, SIGNING),
        "hop_box": bytes(
            Box(RELAY_HOP, PROCESSOR_HOP.public_key).encrypt(
                b"\x01\x03\x01" + b"A1", nonce=repeated(0x14, 24)
            )
        ),
        "result": result,
        "result_signature": sign("result", result, RESULT_KEY),
    }


def example_context() -> payment.PaymentContext:
    """Return the context of the example."""
    return payment.PaymentContext(
        version=1,
        payment_id=uuid.UUID("01932b5e-8c1a-7000-8000-000000000001").bytes,
        reader_serial="RD-0001",
        reader_certificate_id=repeated(0x21, 8),
        counter=1,
        kind=payment.PAYMENT_KIND_SALE,
        amounts=payment.Amounts(total_minor=1250),
        currency=978,
        merchant_id="MERCHANT0000001",
        terminal_id="TERM0001",
        terminal_certificate_id=repeated(0x22, 8),
        entry_mode=payment.ENTRY_MODE_CHIP,
        verification=payment.VERIFICATION_ONLINE_PIN,
        pin_entry=payment.PIN_ENTRY_TERMINAL,
        card_key_id=_key_id_of(CARD_KEY.public_key),
        pin_key_id=_key_id_of(PIN_KEY.public_key),
        manifest_number=1,
        reader_time_ms=1_700_000_000_000,
        submit_before_ms=1_700_000_120_000,
    )


def example_result(context_digest: bytes) -> payment.Result:
    """Return the result of the example."""
    return payment.Result(
        version=1,
        payment_id=example_context().payment_id,
        revision=1,
        record_number="A1000000000C",
        retrieval_reference="000000000001",
        context_digest=context_digest,
        outcome=payment.OUTCOME_APPROVED,
        response_code="00",
        approval_code="A1B2C3",
        approved_amount_minor=1250,
        currency=978,
        last_four="4242",
        scheme="VISA",
        settlement_date=20231114,
        processor_time_ms=1_700_000_000_500,
        valid_until_ms=1_700_000_300_000,
        reader_serial="RD-0001",
        merchant_id="MERCHANT0000001",
    )


def _key_id_of(public_key: PublicKey) -> bytes:
    return key_id(bytes(public_key))
