"""One block of AES-128."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def encipher_block(key: bytes, block: bytes) -> bytes:
    """Encipher 16 bytes under a key of 16 bytes. ECB, so for single blocks alone."""
    encryptor = Cipher(algorithms.AES128(key), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(block) + encryptor.finalize()
