"""The byte layouts of Salt Channel v2. All integers are little-endian.

Every field has one form here: reserved bits that are set are refused.
"""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple

from cardlane.sealing.rejected import RejectedError

M3, M4, APP, ENCRYPTED = 3, 4, 5, 6
_M1, _M2 = 1, 2
_KEY_BYTES = 32
_M1_HEAD = b"SCv2" + bytes([_M1, 0])
_M2_HEAD = bytes([_M2, 0])
_NO_SUCH_SERVER = bytes([_M2, 0x81])
_ENCRYPTED_HEAD = bytes([ENCRYPTED, 0])
_IDENTITY_BYTES = 2 + 4 + _KEY_BYTES + 64
_APP_HEAD_BYTES = 2 + 4
_TIME_LIMIT = 2**31


class HandshakeKey(NamedTuple):
    """The content of M1 and M2."""

    is_time_supported: bool
    ephemeral_public_key: bytes


class Identity(NamedTuple):
    """The content of M3 and M4."""

    time_ms: int
    public_key: bytes
    signature: bytes


def build_m1(key: HandshakeKey) -> bytes:
    """Return the client's first packet: 42 bytes, asking for no particular server."""
    return _M1_HEAD + struct.pack("<I", key.is_time_supported) + key.ephemeral_public_key


def parse_m2(packet: bytes) -> HandshakeKey:
    """Read the server's first packet: 38 bytes. Raises RejectedError."""
    if packet[:2] == _NO_SUCH_SERVER:
        raise RejectedError("no such server")
    if len(packet) != len(_M2_HEAD) + 4 + _KEY_BYTES or packet[:2] != _M2_HEAD:
        raise RejectedError("channel packet")
    (time_support,) = struct.unpack_from("<I", packet, 2)
    if time_support > 1:
        raise RejectedError("channel time")
    return HandshakeKey(time_support == 1, packet[6:])


def build_identity(packet_type: int, identity: Identity) -> bytes:
    """Return M3 or M4 before encryption."""
    head = struct.pack("<BBI", packet_type, 0, identity.time_ms)
    return head + identity.public_key + identity.signature


def parse_identity(packet_type: int, clear: bytes) -> Identity:
    """Read M3 or M4 after decryption. Raises RejectedError."""
    if len(clear) != _IDENTITY_BYTES:
        raise RejectedError("channel packet")
    return Identity(_parse_head(packet_type, clear), clear[6:38], clear[38:])


def build_app(time_ms: int, data: bytes) -> bytes:
    """Return an AppPacket before encryption."""
    return struct.pack("<BBI", APP, 0, time_ms) + data


def parse_app(clear: bytes) -> tuple[int, bytes]:
    """Return time and data of an AppPacket. Several messages in one packet are refused."""
    if len(clear) < _APP_HEAD_BYTES:
        raise RejectedError("channel packet")
    return _parse_head(APP, clear), clear[_APP_HEAD_BYTES:]


def build_encrypted(box: bytes) -> bytes:
    """Return what goes over the wire after the handshake's first two packets."""
    return _ENCRYPTED_HEAD + box


def parse_encrypted(packet: bytes) -> bytes:
    """Return the box inside. The flag of a last packet proves nothing, so it is refused."""
    if packet[:2] != _ENCRYPTED_HEAD:
        raise RejectedError("channel flags")
    return packet[2:]


def challenge(prefix: bytes, m1: bytes, m2: bytes) -> bytes:
    """Return what a side signs: `SC-SIG01` or `SC-SIG02`, SHA-512(M1), SHA-512(M2)."""
    return prefix + hashlib.sha512(m1).digest() + hashlib.sha512(m2).digest()


def _parse_head(packet_type: int, clear: bytes) -> int:
    found_type, flags, time_ms = struct.unpack_from("<BBI", clear)
    if found_type != packet_type or flags != 0:
        raise RejectedError("channel packet")
    if time_ms >= _TIME_LIMIT:
        raise RejectedError("channel time")
    return int(time_ms)
