"""DSSE v1: everything that is signed or hashed names what it is."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cardlane.keys.v1 import keys_pb2 as keys
    from cardlane.sealing.ed25519 import Signer, Verifier

PayloadType = Literal[
    "reader-certificate",
    "terminal-certificate",
    "relay-certificate",
    "manifest",
    "manifest-delegation",
    "payment-context",
    "reader-payment",
    "result",
]
"""The names that this package signs, verifies or hashes."""

# Three roots sign, six during a rotation; more would only cost verifications.
_SIGNATURES_MAX = 8


def pre_authentication_encoding(payload_type: PayloadType, body: bytes) -> bytes:
    """Return `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body`."""
    full_type = f"application/vnd.cardlane.{payload_type}.v1+protobuf"
    return f"DSSEv1 {len(full_type)} {full_type} {len(body)} ".encode() + body


def sign(payload_type: PayloadType, body: bytes, signer: Signer) -> bytes:
    """Return SIGN(type, body): 64 bytes."""
    return signer.sign(pre_authentication_encoding(payload_type, body))


def verify(payload_type: PayloadType, body: bytes, signature: bytes, verifier: Verifier) -> bool:
    """Tell whether `signature` is right. Verify first, parse then."""
    return verifier.verify(pre_authentication_encoding(payload_type, body), signature)


def digest(payload_type: PayloadType, body: bytes) -> bytes:
    """Return H(type, body): 64 bytes."""
    return hashlib.sha512(pre_authentication_encoding(payload_type, body)).digest()


def has_threshold(
    payload_type: PayloadType,
    envelope: keys.SignedEnvelope,
    trusted_keys: Iterable[Verifier],
    threshold: int,
) -> bool:
    """Tell whether at least `threshold` different trusted keys signed the envelope.

    Keys are counted, not signatures: one key that signs twice, or is listed twice, counts once.
    """
    if len(envelope.signatures) > _SIGNATURES_MAX:
        return False
    encoding = pre_authentication_encoding(payload_type, envelope.payload)
    signed_by = {
        key.public_key
        for key in trusted_keys
        for one in envelope.signatures
        if hmac.compare_digest(one.key_id, key.key_id) and key.verify(encoding, one.signature)
    }
    return len(signed_by) >= threshold
