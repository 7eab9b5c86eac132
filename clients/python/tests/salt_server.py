"""Salt Channel v2 from the server's side, as a terminal has it."""

from __future__ import annotations

import struct

from nacl.bindings import crypto_box_beforenm
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey

from cardlane.sealing.ed25519 import Signer, Verifier
from cardlane.sealing.rejected import RejectedError
from cardlane.sealing.salt_channel import (
    CLIENT_FIRST_NUMBER,
    SERVER_FIRST_NUMBER,
    SaltChannel,
    SaltCipher,
    SaltTimes,
)
from cardlane.sealing.salt_packets import (
    M3,
    M4,
    Identity,
    build_identity,
    challenge,
    parse_identity,
)

_M1_BYTES = 42


class SaltServer:
    """Answers M1 with `m2` and `m3`."""

    def __init__(
        self,
        signer: Signer,
        m1: bytes,
        now_ms: int,
        *,
        time_support: int = 1,
        ephemeral: PrivateKey | None = None,
    ) -> None:
        if len(m1) != _M1_BYTES or not m1.startswith(b"SCv2\x01\x00" + struct.pack("<I", 1)):
            raise RejectedError("M1")
        ephemeral = ephemeral or PrivateKey.generate()
        self._m1 = m1
        self.m2 = b"\x02\x00" + struct.pack("<I", time_support) + bytes(ephemeral.public_key)
        try:
            key = crypto_box_beforenm(m1[10:], bytes(ephemeral))
        except (CryptoError, RuntimeError) as error:
            raise RejectedError("shared key") from error
        self._cipher = SaltCipher(
            key, first_sent=SERVER_FIRST_NUMBER, first_received=CLIENT_FIRST_NUMBER
        )
        self._times = SaltTimes(own_epoch_ms=now_ms, peer_epoch_ms=now_ms)
        signature = signer.sign(challenge(b"SC-SIG01", m1, self.m2))
        self.m3 = self._cipher.seal(build_identity(M3, Identity(0, signer.public_key, signature)))

    def receive_m4(self, packet: bytes) -> SaltChannel:
        """Return the channel; its peer is the reader."""
        identity = parse_identity(M4, self._cipher.open(packet))
        signed = challenge(b"SC-SIG02", self._m1, self.m2)
        if not Verifier(identity.public_key).verify(signed, identity.signature):
            raise RejectedError("M4")
        return SaltChannel(identity.public_key, self._cipher, self._times)
