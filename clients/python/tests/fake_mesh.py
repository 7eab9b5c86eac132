"""Roots, devices and a processor, made for one test."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manual_time import START_MS
from nacl.public import PrivateKey, SealedBox

from cardlane.keys.v1 import keys_pb2 as keys
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.sealing.aes import encipher_block
from cardlane.sealing.certificates import TrustedRoots
from cardlane.sealing.dsse import digest, sign, verify
from cardlane.sealing.dukpt import DukptRegister, derive_initial_key
from cardlane.sealing.ed25519 import Signer, Verifier, key_id
from cardlane.sealing.issue import issue
from cardlane.sealing.key_files import KeyFolder
from cardlane.strict_decode import encode, strict_decode

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.message import Message

DAY_MS = 86_400_000
MERCHANT_ID = "CORNERCOFFEE001"
INITIAL_KEY_ID = bytes.fromhex("1234567890123456")
VALIDITY = {"not_before_ms": START_MS - DAY_MS, "not_after_ms": START_MS + 30 * DAY_MS}


def new_signer() -> Signer:
    return Signer(os.urandom(32))


@dataclass(frozen=True)
class OpenedPayment:
    """What the processor finds in the reader's bytes."""

    context: payment.PaymentContext
    card: payment.CardData
    key_serial_number: bytes
    pin_block: bytes


class FakeMesh:
    """Everything that a reader trusts, and what it talks to in the end."""

    def __init__(self) -> None:
        self.roots = {
            name: [new_signer() for _ in range(3)] for name in ("vendor", "acquirer", "processor")
        }
        self.reader_identity, self.reader_signing = os.urandom(32), os.urandom(32)
        self.terminal_identity = new_signer()
        self.manifest_signer, self.result_key = new_signer(), new_signer()
        self.card_key, self.pin_key = PrivateKey.generate(), PrivateKey.generate()
        self.base_derivation_key = os.urandom(16)

    def trusted_roots(self) -> keys.TrustedRoots:
        public_keys = {
            f"{name}_keys": [one.public_key for one in root] for name, root in self.roots.items()
        }
        return keys.TrustedRoots(**public_keys, development=True)

    def parsed_roots(self) -> TrustedRoots:
        return TrustedRoots.parse(self.trusted_roots())

    def reader_certificate(self, **changes: object) -> keys.SignedEnvelope:
        fields: dict[str, object] = {
            "version": 1,
            "serial": "PY-0001",
            "identity_key": Signer(self.reader_identity).public_key,
            "signing_key": Signer(self.reader_signing).public_key,
            "model": "test",
            "dukpt_initial_key_id": INITIAL_KEY_ID,
            **VALIDITY,
            "development": True,
        }
        body = keys.ReaderCertificate(**{**fields, **changes})  # type: ignore[arg-type]
        return issue("reader-certificate", body, self.roots["vendor"][:2])

    def terminal_certificate(self, **changes: object) -> keys.SignedEnvelope:
        fields: dict[str, object] = {
            "version": 1,
            "terminal_id": "TILL0001",
            "merchant_id": MERCHANT_ID,
            "merchant_name": "Corner Coffee",
            "country": 276,
            "merchant_category_code": 5812,
            "identity_key": self.terminal_identity.public_key,
            "signing_key": new_signer().public_key,
            **VALIDITY,
            "development": True,
        }
        body = keys.TerminalCertificate(**{**fields, **changes})  # type: ignore[arg-type]
        return issue("terminal-certificate", body, self.roots["acquirer"][1:])

    def manifest(self, number: int = 1, **changes: object) -> keys.DelegatedManifest:
        delegation = keys.ManifestDelegation(
            version=1, signer_key=self.manifest_signer.public_key, **VALIDITY
        )
        fields: dict[str, object] = {
            "version": 1,
            "number": number,
            "issued_at_ms": START_MS - 1_000,
            "expires_at_ms": START_MS + 6 * DAY_MS,
            "keys": [
                manifest_key(keys.KEY_PURPOSE_PROCESSOR_CARD, bytes(self.card_key.public_key)),
                manifest_key(keys.KEY_PURPOSE_PIN_SERVICE, bytes(self.pin_key.public_key)),
                manifest_key(keys.KEY_PURPOSE_PROCESSOR_RESULT, self.result_key.public_key),
            ],
            "development": True,
        }
        body = keys.KeyManifest(**{**fields, **changes})  # type: ignore[arg-type]
        return keys.DelegatedManifest(
            delegation=issue("manifest-delegation", delegation, self.roots["processor"][:2]),
            manifest=issue("manifest", body, [self.manifest_signer]),
        )

    def write_reader_keys(self, path: Path) -> KeyFolder:
        """Write the folder that a reader is started with."""
        path.mkdir(parents=True)
        folder = KeyFolder(path)
        folder.write_key("identity", self.reader_identity)
        folder.write_key("signing", self.reader_signing)
        initial_key = derive_initial_key(self.base_derivation_key, INITIAL_KEY_ID)
        folder.write_key("dukpt-initial", initial_key)
        folder.write_certificate(self.reader_certificate())
        write_message(path / "trusted-roots.json", self.trusted_roots())
        return folder

    def open(self, signed: payment.SignedPayment) -> OpenedPayment:
        """Verify, parse and open, as a processor does."""
        verifier = Verifier(Signer(self.reader_signing).public_key)
        assert verify("reader-payment", signed.reader_payment, signed.signature, verifier)
        body = strict_decode(payment.ReaderPayment, signed.reader_payment)
        context_digest = digest("payment-context", body.context)
        assert len(body.card_box) == 560
        card_plain = SealedBox(self.card_key).decrypt(body.card_box)
        assert card_plain[:66] == b"\x01\x01" + context_digest
        length = int.from_bytes(card_plain[66:68])
        assert not any(card_plain[68 + length :])
        serial_number = pin_block = b""
        if body.pin_box:
            assert len(body.pin_box) == 176
            pin_plain = SealedBox(self.pin_key).decrypt(body.pin_box)
            assert pin_plain[:66] == b"\x01\x02" + context_digest
            serial_number, pin_block = pin_plain[66:78], pin_plain[78:94]
            assert not any(pin_plain[94:])
        return OpenedPayment(
            strict_decode(payment.PaymentContext, body.context),
            strict_decode(payment.CardData, card_plain[68 : 68 + length]),
            serial_number,
            pin_block,
        )

    def pin_of(self, opened: OpenedPayment) -> str:
        """Decipher the PIN block with the key of its serial number, as the PIN service does."""
        initial_key = derive_initial_key(self.base_derivation_key, INITIAL_KEY_ID)
        register = DukptRegister.load(INITIAL_KEY_ID, initial_key)
        serial_number, key = register.next_pin_key()
        while serial_number != opened.key_serial_number:
            serial_number, key = register.next_pin_key()
        pan = opened.card.pan
        pan_field = bytes.fromhex(f"{len(pan) - 12}{pan}".ljust(32, "0"))
        inner = bytes(
            a ^ b for a, b in zip(decipher(key, opened.pin_block), pan_field, strict=True)
        )
        pin_field = decipher(key, inner).hex()
        return pin_field[2 : 2 + int(pin_field[1], 16)]

    def answer(self, signed: payment.SignedPayment, **changes: object) -> payment.SignedResult:
        """Approve, unless the changes say otherwise."""
        context_bytes = payment.ReaderPayment.FromString(signed.reader_payment).context
        context = payment.PaymentContext.FromString(context_bytes)
        fields: dict[str, object] = {
            "version": 1,
            "payment_id": context.payment_id,
            "revision": 1,
            "record_number": "A1000000000C",
            "context_digest": digest("payment-context", context_bytes),
            "outcome": payment.OUTCOME_APPROVED,
            "response_code": "00",
            "approval_code": "A1B2C3",
            "approved_amount_minor": context.amounts.total_minor,
            "currency": context.currency,
            "processor_time_ms": START_MS,
            "valid_until_ms": START_MS + 300_000,
            "reader_serial": context.reader_serial,
            "merchant_id": context.merchant_id,
        }
        body = encode(payment.Result(**{**fields, **changes}))  # type: ignore[arg-type]
        return payment.SignedResult(
            result=body,
            signature=sign("result", body, self.result_key),
            key_id=self.result_key.key_id,
        )


def declined(response_code: str) -> dict[str, object]:
    """Return what a decline changes in an answer."""
    return {
        "outcome": payment.OUTCOME_DECLINED,
        "response_code": response_code,
        "approval_code": "",
        "approved_amount_minor": 0,
    }


def manifest_key(purpose: keys.KeyPurpose, public_key: bytes) -> keys.ManifestKey:
    return keys.ManifestKey(
        key_id=key_id(public_key), purpose=purpose, public_key=public_key, **VALIDITY
    )


def certificate_digest(envelope: keys.SignedEnvelope) -> bytes:
    return hashlib.sha512(envelope.payload).digest()


def write_message(path: Path, message: Message) -> None:
    from google.protobuf import json_format  # noqa: PLC0415

    path.write_text(json_format.MessageToJson(message))


def decipher(key: bytes, block: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    decryptor = Cipher(algorithms.AES128(key), modes.ECB()).decryptor()  # noqa: S305
    clear = decryptor.update(block) + decryptor.finalize()
    assert encipher_block(key, clear) == block
    return clear
