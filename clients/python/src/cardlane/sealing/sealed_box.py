"""libsodium's sealed box, with the chance in it passed in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from nacl.public import Box, PrivateKey, PublicKey

if TYPE_CHECKING:
    from cardlane.sealing.randomness import Random

SEALED_BOX_OVERHEAD_BYTES = 48
_KEY_BYTES = 32
_NONCE_BYTES = 24


def seal(recipient: bytes, message: bytes, random: Random) -> bytes:
    """Return `crypto_box_seal` of the message: 48 bytes longer, readable by the recipient alone.

    Layout: ephemeral public key[32], then the NaCl box under the nonce
    BLAKE2b-24(ephemeral public key, recipient).
    """
    ephemeral = PrivateKey(random(_KEY_BYTES))
    head = bytes(ephemeral.public_key)
    nonce = hashlib.blake2b(head + recipient, digest_size=_NONCE_BYTES).digest()
    return head + Box(ephemeral, PublicKey(recipient)).encrypt(message, nonce).ciphertext
