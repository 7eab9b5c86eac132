"""Decoding of what is signed or hashed as bytes."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from cardlane.errors import PaymentError

M = TypeVar("M", bound=Message)


def strict_decode(message_type: type[M], data: bytes) -> M:
    """Decode the one canonical serialisation of a message, and nothing else.

    Canonical: fields in the order of their numbers, each once, none with its default value,
    shortest varints. Everything else decodes as well, but encodes to other bytes. Unknown fields
    are thrown away before the comparison, because protobuf for Python keeps them and would write
    them again.

    Raises PaymentError MALFORMED_REQUEST.
    """
    message = message_type()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise _malformed(message) from None
    message.DiscardUnknownFields()
    if message.SerializeToString(deterministic=True) != data:
        raise _malformed(message)
    return message


def encode(message: Message) -> bytes:
    """Serialise a message once, canonically, to be signed as these bytes."""
    return message.SerializeToString(deterministic=True)


def _malformed(message: Message) -> PaymentError:
    name = message.DESCRIPTOR.full_name
    return PaymentError("MALFORMED_REQUEST", f"must be one {name} in canonical serialisation")
