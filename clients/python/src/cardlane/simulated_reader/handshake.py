"""The reader's side of the handshake: it shows itself only to a terminal that it has verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardlane.sealing.certificates import TerminalCertificate, verify_terminal_certificate
from cardlane.sealing.rejected import RejectedError
from cardlane.sealing.salt_channel import SaltChannel, SaltClient

if TYPE_CHECKING:
    from cardlane.clock import Clock
    from cardlane.keys.v1 import keys_pb2 as keys
    from cardlane.reader.v1 import reader_pb2 as reader
    from cardlane.sealing.certificates import TrustedRoots
    from cardlane.sealing.ed25519 import Signer
    from cardlane.sealing.manifest import KeptManifest
    from cardlane.sealing.randomness import Random
    from cardlane.simulated_reader.store import ReaderStore


@dataclass(frozen=True)
class HandshakeParts:
    """What a reader needs to shake hands."""

    identity: Signer
    roots: TrustedRoots
    manifest: KeptManifest
    store: ReaderStore
    clock: Clock
    random: Random


@dataclass(frozen=True)
class AcceptedTerminal:
    """A terminal that the reader may show itself to, by sending `m4` first."""

    m4: bytes
    channel: SaltChannel
    certificate: TerminalCertificate


class TerminalHandshake:
    """Takes M2, certificate and M3 in this order. After an error it is of no further use."""

    def __init__(self, parts: HandshakeParts) -> None:
        self._parts = parts
        now_ms = parts.clock.monotonic_ms()
        self._salt = SaltClient(parts.identity, parts.random, now_ms)
        self._awaited = "M2"
        self._certificate: TerminalCertificate | None = None

    @property
    def m1(self) -> bytes:
        """To be sent first."""
        return self._salt.m1

    def receive(self, frame: reader.SessionRequest) -> AcceptedTerminal | None:
        """Return the terminal after M3, nothing before. Raises PaymentError or RejectedError."""
        awaited, self._awaited = self._awaited, "nothing"
        now_ms = self._parts.clock.monotonic_ms()
        match awaited, frame.WhichOneof("frame"):
            case "M2", "salt":
                self._salt.receive_m2(frame.salt, now_ms)
                self._awaited = "certificate"
                return None
            case "certificate", "terminal_certificate":
                self._certificate = self._check(frame.terminal_certificate)
                self._awaited = "M3"
                return None
            case "M3", "salt" if self._certificate is not None:
                return self._accept(frame.salt, self._certificate, now_ms)
            case _:
                raise RejectedError(f"awaited {awaited}")

    def _check(self, envelope: keys.SignedEnvelope) -> TerminalCertificate:
        parts = self._parts
        certificate = verify_terminal_certificate(envelope, parts.roots, parts.clock.now_ms())
        if parts.manifest.is_revoked(certificate.id):
            raise RejectedError("terminal certificate revoked")
        if parts.store.merchant_id not in ("", certificate.wire.merchant_id):
            raise RejectedError("paired with another merchant")
        return certificate

    def _accept(
        self, packet: bytes, certificate: TerminalCertificate, now_ms: int
    ) -> AcceptedTerminal:
        if self._salt.receive_m3(packet, now_ms) != certificate.wire.identity_key:
            raise RejectedError("M3 by another key than the certificate's")
        m4, channel = self._salt.accept_server(now_ms)
        return AcceptedTerminal(m4, channel, certificate)
