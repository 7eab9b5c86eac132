"""Signing of envelopes, for whoever makes certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardlane.keys.v1 import keys_pb2 as keys
from cardlane.sealing.dsse import PayloadType, sign
from cardlane.strict_decode import encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.message import Message

    from cardlane.sealing.ed25519 import Signer


def issue(
    payload_type: PayloadType, body: Message, signers: Iterable[Signer]
) -> keys.SignedEnvelope:
    """Serialise a body once and put the signatures of all signers around it."""
    payload = encode(body)
    signatures = [
        keys.EnvelopeSignature(key_id=one.key_id, signature=sign(payload_type, payload, one))
        for one in signers
    ]
    return keys.SignedEnvelope(payload=payload, signatures=signatures)
