"""Salt Channel v2 from the client's side: the reader stays hidden until it trusts the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nacl.bindings import crypto_box_beforenm, crypto_secretbox, crypto_secretbox_open
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey

from cardlane.sealing.ed25519 import Signer, Verifier
from cardlane.sealing.rejected import RejectedError
from cardlane.sealing.salt_packets import (
    M3,
    M4,
    HandshakeKey,
    Identity,
    build_app,
    build_encrypted,
    build_identity,
    build_m1,
    challenge,
    parse_app,
    parse_encrypted,
    parse_identity,
    parse_m2,
)

if TYPE_CHECKING:
    from cardlane.sealing.randomness import Random

# Longer than a busy machine takes, shorter than a person waits.
DELAY_MS_MAX = 10_000
# A session is renewed daily: clocks drift apart, and its keys should not live longer.
SESSION_MS_MAX = 24 * 60 * 60 * 1_000

CLIENT_FIRST_NUMBER = 1
SERVER_FIRST_NUMBER = 2
_NUMBER_MAX = 2**32 - 1


class SaltTimes:
    """Finds packets that somebody held back.

    Each side counts milliseconds from its own first packet; the other counts from that packet's
    arrival, and the two may differ by DELAY_MS_MAX. Off only for the published session, whose time
    fields are zero. All times are of a clock that is never set back.
    """

    def __init__(self, *, own_epoch_ms: int, peer_epoch_ms: int, is_on: bool = True) -> None:
        self._own_epoch_ms = own_epoch_ms
        self._peer_epoch_ms = peer_epoch_ms
        self._is_on = is_on

    def stamp(self, now_ms: int) -> int:
        """Return the time field of a packet that is sent now."""
        time_ms = now_ms - self._own_epoch_ms
        if not 0 <= time_ms <= SESSION_MS_MAX:
            raise RejectedError("channel time")
        return time_ms if self._is_on else 0

    def check(self, time_ms: int, now_ms: int) -> None:
        """Refuse a packet that comes too late or from the future."""
        expected_ms = now_ms - self._peer_epoch_ms
        is_late = abs(expected_ms - time_ms) > DELAY_MS_MAX
        if self._is_on and (is_late or expected_ms > SESSION_MS_MAX + DELAY_MS_MAX):
            raise RejectedError("channel time")

    def check_answer(self, now_ms: int) -> None:
        """Refuse a peer that answers the own first packet late: it may have got it late."""
        if self._is_on and now_ms - self._own_epoch_ms > DELAY_MS_MAX:
            raise RejectedError("channel time")


class SaltCipher:
    """The encryption of one session.

    The nonce is the packet's number (u64 little-endian, then 16 zeros), which is not sent: a packet
    that is lost, repeated or out of order does not open. After the first failure nothing opens any
    more. The client's packets have the odd numbers, the server's the even ones.
    """

    def __init__(self, key: bytes, *, first_sent: int, first_received: int) -> None:
        self._key: bytes | None = key
        self._send_number = first_sent
        self._receive_number = first_received

    def seal(self, clear: bytes) -> bytes:
        """Return the next packet."""
        key = self._require_usable(self._send_number)
        box = crypto_secretbox(clear, _nonce(self._send_number), key)
        self._send_number += 2
        return build_encrypted(box)

    def open(self, packet: bytes) -> bytes:
        """Return the clear text of the peer's next packet."""
        key = self._require_usable(self._receive_number)
        try:
            clear = crypto_secretbox_open(
                parse_encrypted(packet), _nonce(self._receive_number), key
            )
        except (CryptoError, ValueError) as error:
            self.close()
            raise RejectedError("box") from error
        except RejectedError:
            self.close()
            raise
        self._receive_number += 2
        return clear

    def close(self) -> None:
        """Forget the key."""
        self._key = None

    def _require_usable(self, number: int) -> bytes:
        if number > _NUMBER_MAX:
            self.close()
        if self._key is None:
            raise RejectedError("channel closed")
        return self._key


class SaltChannel:
    """An established channel: data in, packets out, and back.

    The peer has proved that it holds `peer_public_key`, and nothing more.
    """

    def __init__(self, peer_public_key: bytes, cipher: SaltCipher, times: SaltTimes) -> None:
        self.peer_public_key = peer_public_key
        self._cipher = cipher
        self._times = times

    def seal(self, data: bytes, now_ms: int) -> bytes:
        """Return one packet. Packets are sent in the order in which they were sealed."""
        return self._cipher.seal(build_app(self._times.stamp(now_ms), data))

    def open(self, packet: bytes, now_ms: int) -> bytes:
        """Return the data of the peer's next packet. After a refusal the channel is closed."""
        clear = self._cipher.open(packet)
        try:
            time_ms, data = parse_app(clear)
            self._times.check(time_ms, now_ms)
        except RejectedError:
            self.close()
            raise
        return data

    def close(self) -> None:
        """Forget the key. Nothing opens afterwards."""
        self._cipher.close()


class SaltClient:
    """The handshake: send `m1`, then `receive_m2`, `receive_m3` and `accept_server`, each once.

    `signer` is the own identity. Raises RejectedError from every step.
    """

    def __init__(
        self, signer: Signer, random: Random, now_ms: int, *, is_time_used: bool = True
    ) -> None:
        self._signer = signer
        self._ephemeral = PrivateKey(random(32))
        self._own_epoch_ms = now_ms
        self._is_time_used = is_time_used
        self.m1 = build_m1(HandshakeKey(is_time_used, bytes(self._ephemeral.public_key)))

    def receive_m2(self, m2: bytes, now_ms: int) -> None:
        """Agree on the session's key."""
        server = parse_m2(m2)
        if self._is_time_used and not server.is_time_supported:
            raise RejectedError("channel time")
        if server.ephemeral_public_key == bytes(self._ephemeral.public_key):
            raise RejectedError("channel reflected")
        self._m2 = m2
        self._times = SaltTimes(
            own_epoch_ms=self._own_epoch_ms, peer_epoch_ms=now_ms, is_on=self._is_time_used
        )
        self._times.check_answer(now_ms)
        try:
            key = crypto_box_beforenm(server.ephemeral_public_key, bytes(self._ephemeral))
        except (CryptoError, RuntimeError) as error:
            raise RejectedError("shared key") from error
        self._cipher = SaltCipher(
            key, first_sent=CLIENT_FIRST_NUMBER, first_received=SERVER_FIRST_NUMBER
        )

    def receive_m3(self, packet: bytes, now_ms: int) -> bytes:
        """Return the server's public key, which it has proved to hold.

        The client has not shown its own yet. Check the server's certificate for exactly this key,
        then call `accept_server`, or drop this and close.
        """
        identity = parse_identity(M3, self._cipher.open(packet))
        self._times.check(identity.time_ms, now_ms)
        if identity.public_key == self._signer.public_key:
            raise RejectedError("channel reflected")
        signed = challenge(b"SC-SIG01", self.m1, self._m2)
        if not Verifier(identity.public_key).verify(signed, identity.signature):
            raise RejectedError("channel signature")
        self._server_public_key = identity.public_key
        return identity.public_key

    def accept_server(self, now_ms: int) -> tuple[bytes, SaltChannel]:
        """Return M4, which shows the client to the server, and the channel."""
        signature = self._signer.sign(challenge(b"SC-SIG02", self.m1, self._m2))
        identity = Identity(self._times.stamp(now_ms), self._signer.public_key, signature)
        m4 = self._cipher.seal(build_identity(M4, identity))
        return m4, SaltChannel(self._server_public_key, self._cipher, self._times)


def _nonce(number: int) -> bytes:
    return number.to_bytes(8, "little") + bytes(16)
