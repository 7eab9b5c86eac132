"""Ed25519 with one strict verdict, and the key ids of all public keys."""

from __future__ import annotations

import hashlib

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from cardlane.sealing.rejected import RejectedError

SIGNATURE_BYTES = 64
_POINT_BYTES = 32
_PRIME = 2**255 - 19
# The order of the base point (RFC 8032, section 5.1).
_ORDER = 2**252 + 27742317777372353535851937790883648493
_ORDER_EIGHT_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
# The y of every point whose order divides 8. Anybody can "sign" any message for such a key.
_SMALL_ORDER_YS = frozenset({0, 1, _PRIME - 1, _ORDER_EIGHT_Y, _PRIME - _ORDER_EIGHT_Y})


def key_id(public_key: bytes) -> bytes:
    """Return the first 8 bytes of SHA-512 of a raw public key (32 bytes)."""
    return hashlib.sha512(public_key).digest()[:8]


class Signer:
    """A private key, from its 32-byte seed."""

    def __init__(self, seed: bytes) -> None:
        self._key = SigningKey(seed)
        self.public_key = bytes(self._key.verify_key)
        self.key_id = key_id(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature."""
        return self._key.sign(message).signature


class Verifier:
    """A public key that is canonical and not of small order.

    Raises RejectedError for any other.
    """

    def __init__(self, public_key: bytes) -> None:
        if len(public_key) != _POINT_BYTES or not _is_strict_point(public_key):
            raise RejectedError("public key")
        self.public_key = public_key
        self.key_id = key_id(public_key)
        self._key = VerifyKey(public_key)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is this key's over `message`.

        R is held to the rule of the public key, S is below the group order, and libsodium compares
        the equation without cofactor.
        """
        if len(signature) != SIGNATURE_BYTES:
            return False
        r, s = signature[:_POINT_BYTES], signature[_POINT_BYTES:]
        if int.from_bytes(s, "little") >= _ORDER or not _is_strict_point(r):
            return False
        try:
            self._key.verify(message, signature)
        except BadSignatureError:
            return False
        return True


def _is_strict_point(encoded: bytes) -> bool:
    y = int.from_bytes(encoded, "little") & (2**255 - 1)  # the top bit is the sign of x
    return y < _PRIME and y not in _SMALL_ORDER_YS
